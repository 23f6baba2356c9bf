# One package for each model file that jobs/models/models.toml pins. There and only there its digest is written.
{ fetchurl }:
let
  inherit (builtins) concatStringsSep filter fromTOML head listToAttrs map readFile replaceStrings;

  pins = (fromTOML (readFile ../../jobs/models/models.toml)).model;
  bundled = filter (pin: pin.bundled or false) pins;
  # tiny.en alone would not say what it is a size of.
  prefix = pin: if pin.kind == "whisper" then "model-whisper-" else "model-";
  file = pin: fetchurl { inherit (pin) sha256; name = pin.file; url = head pin.urls; };
in
{
  packages = listToAttrs (map
    (pin: { name = prefix pin + replaceStrings [ "." ] [ "-" ] pin.name; value = file pin; })
    pins);

  # A model cache as the jobs know it, with what their defaults name: files named by their digest.
  cache = map (pin: { name = pin.sha256; path = file pin; }) bundled;

  # What `ci/nix` brings where the URLs cannot be reached, a line each: store path, digest, name.
  seeds = concatStringsSep "\n" (map (pin: "${file pin} ${pin.sha256} ${pin.name}") bundled);
}
