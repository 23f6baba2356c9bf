# The platform of people who reach GitHub and the binary cache: nixpkgs, with Rust from rust-overlay.
{ nixpkgs, rust-overlay, system, rustVersion }:
let
  pkgs = import nixpkgs { inherit system; overlays = [ rust-overlay.overlays.default ]; };
  rust = pkgs.rust-bin.stable.${rustVersion}.minimal;
in
{
  inherit (pkgs) fetchurl;
  shell = pkgs.runtimeShell;
  ffmpeg = pkgs.lib.getBin pkgs.ffmpeg-headless;
  certificates = "${pkgs.cacert}/etc/ssl/certs/ca-bundle.crt";
  references.disallowedReferences = [ rust pkgs.stdenv.cc ];
  run = name: attributes: pkgs.runCommandCC name (attributes // {
    nativeBuildInputs = [ rust pkgs.cmake pkgs.rustPlatform.bindgenHook ];
  });
}
