# `nix run .#<job>` for every job. Where GitHub cannot be reached, `ci/nix run .#<job>` does the same.
{
  description = "DougPT: a streamer's broadcasts and chat into a local model that answers like that chat";

  inputs = {
    nixpkgs.url = "github:NixOS/nixpkgs/nixos-unstable";
    rust-overlay.url = "github:oxalica/rust-overlay";
    rust-overlay.inputs.nixpkgs.follows = "nixpkgs";
  };

  outputs = { self, nixpkgs, rust-overlay }:
    let
      inherit (builtins) fromTOML listToAttrs map mapAttrs readFile;

      rustVersion = (fromTOML (readFile ./rust-toolchain.toml)).toolchain.channel;
      # `ci/nix` puts ci/nix.d/bootstrap in the place of nixpkgs.
      bootstrapped = nixpkgs ? bootstrap;
      platform = system:
        if bootstrapped then nixpkgs.bootstrap { inherit rustVersion; }
        else import ./ci/nix.d/platform-nixpkgs.nix { inherit nixpkgs rust-overlay rustVersion system; };
      systems = if bootstrapped then [ "x86_64-linux" ] else [ "aarch64-linux" "x86_64-linux" ];
      outputs = listToAttrs (map
        (system: { name = system; value = import ./ci/nix.d/jobs.nix { platform = platform system; root = ./.; }; })
        systems);
      each = kind: mapAttrs (system: outputs: outputs.${kind}) outputs;
    in
    {
      packages = each "packages";
      apps = each "apps";
      checks = each "checks";
      devShells = each "devShells";
    };
}
