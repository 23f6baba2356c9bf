# Stands in for the input `nixpkgs` when `ci/nix` says so: the same tools without GitHub and without a binary cache.
{
  description = "Tools from pinned Debian packages and Rust archives";
  outputs = { self }: { bootstrap = import ./.; };
}
