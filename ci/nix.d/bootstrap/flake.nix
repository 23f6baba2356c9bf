# Stands in for the input `nixpkgs` when `ci/nix` says so: the same tools without GitHub and without a binary cache.
{
  description = "Tools from pinned Debian packages and Rust archives";
  outputs = { self }:
    let bootstrap = import ./.; in
    {
      inherit bootstrap;
      # The shell that `nix develop` looks for in nixpkgs.
      legacyPackages.x86_64-linux.bashInteractive = (bootstrap { rustVersion = null; }).tools;
    };
}
