# Every job, once, for any platform: how crates are fetched, how they become layers, how a job is built on them.
# What belongs to what is read from the manifests; nothing is listed here that they already say.
{ platform, root }:
let
  inherit (builtins) all any attrNames attrValues baseNameOf concatLists concatMap concatStringsSep elem filter
    foldl' fromTOML genericClosure hashFile listToAttrs map mapAttrs match pathExists readFile stringLength substring;

  # Digest of what `cargo vendor` makes of Cargo.lock. After a change of the lock file, Nix prints the new one.
  cratesHash = "sha256-ochdXrLrK9whA/1rPSpUWwsWfwugcQH1U3Mit6XLNe0=";

  # Libraries whose crates take minutes to compile, and so get a layer of their own.
  heavy = [ "asr" "engine" "llm" ];

  unique = foldl' (seen: one: if elem one seen then seen else seen ++ [ one ]) [ ];
  within = path: folder: path == folder || substring 0 (stringLength folder + 1) path == "${folder}/";
  lines = concatStringsSep "\n";

  ## The workspace, as its manifests describe it.

  toml = path: fromTOML (readFile (root + "/${path}"));
  workspace = toml "Cargo.toml";
  local = dependencies: map (dependency: dependency.path) (filter (dependency: dependency ? path) (attrValues dependencies));
  patches = local workspace.patch.crates-io;
  folders = unique (local workspace.workspace.dependencies
    ++ filter (member: match ".*[*].*" member == null) workspace.workspace.members);
  members = listToAttrs (map (folder: let manifest = toml "${folder}/Cargo.toml"; in
    { inherit (manifest.package) name; value = manifest // { inherit folder; }; }) folders);
  jobs = filter (name: match "jobs/[^/]+" members.${name}.folder != null) (attrNames members);

  # A member and every member that it is built from.
  closure = name: map (item: item.key) (genericClosure {
    startSet = [{ key = name; }];
    operator = item: map (key: { inherit key; })
      (filter (used: members ? ${used}) (attrNames (members.${item.key}.dependencies or { })));
  });

  ## Sources: only what a build reads, so that nothing else can change it.

  # The named files and folders; of folders, not the tests with their data and no package inside a package.
  source = name: wanted: builtins.path {
    inherit name;
    path = root;
    filter = path: type:
      let relative = substring (stringLength (toString root) + 1) (stringLength path) path; in
      if type == "directory" then
        any (one: within one relative) wanted
        || any (within relative) wanted
          && !elem (baseNameOf path) [ "golden" "slt" "tests" ]
          && !pathExists (root + "/${relative}/Cargo.toml")
      else any (within relative) wanted;
  };
  manifests = [ ".cargo" "Cargo.lock" "Cargo.toml" ] ++ map (folder: "${folder}/Cargo.toml") (folders ++ patches);

  # Members that a build does not read are empty, but cargo wants to see them.
  stubs = filter (file: pathExists (root + "/${file}"))
    (concatMap (folder: map (file: "${folder}/${file}") [ "lib.rs" "src/lib.rs" "src/main.rs" ]) (folders ++ patches));
  unpack = source: ''
    cp -r --no-preserve=mode --preserve=timestamps ${source} $TMPDIR/source
    cd $TMPDIR/source
    for stub in ${concatStringsSep " " stubs}; do
      [ -e $stub ] || { mkdir -p $(dirname $stub) && echo 'fn main() {}' >$stub; }
    done
    export CARGO_HOME=$TMPDIR/cargo CARGO_TARGET_DIR=$TMPDIR/target
    mkdir -p $CARGO_HOME $CARGO_TARGET_DIR
  '';

  ## Third-party crates: fetched once, compiled once.

  crates = platform.run "crates-${substring 0 8 (hashFile "sha256" (root + "/Cargo.lock"))}"
    {
      outputHashMode = "recursive";
      outputHashAlgo = "sha256";
      outputHash = cratesHash;
      # Where the network needs them to be reached.
      impureEnvVars = [ "http_proxy" "https_proxy" "no_proxy" ];
    }
    (unpack (source "manifests" manifests) + ''
      export CARGO_HTTP_CAINFO=${platform.certificates}
      cargo vendor --quiet --locked --versioned-dirs $out >/dev/null
    '');

  # Names the heavy parts that a build has, in one order.
  parts = name: features: filter (part: elem part (closure name)) heavy ++ features;
  subset = few: many: all (one: elem one many) few;

  withCuda = [ "infer" "train" ];
  variants = map (name: { inherit name; features = [ ]; }) jobs
    ++ map (name: { inherit name; features = [ "cuda" ]; }) withCuda;
  partsOf = variant: parts variant.name variant.features;
  # The layers that a build with these parts finds compiled, small ones first.
  layersOf = parts: filter (layer: subset layer.parts parts) layers;

  # What cargo is asked for. Features are always those of the whole workspace, so that a crate is the same in every job.
  cargo = names: features: "cargo build --release --locked --offline --workspace "
    + concatStringsSep " " (map (name: "--bin ${name}") names)
    + concatStringsSep "" (concatMap (feature: map (name: " --features ${name}/${feature}") names) features);

  # Sources and layers in place. Every path is the same in each build, and nothing of the store's gets into a program.
  prepare = layers: source: unpack source + ''
    ln -s ${crates} $TMPDIR/crates
    cat >$CARGO_HOME/config.toml <<END
    source.crates-io.replace-with = "vendored"
    source.vendored.directory = "$TMPDIR/crates"
    END
    export CARGO_BUILD_JOBS=''${NIX_BUILD_CORES:-1}
    for layer in ${concatStringsSep " " (map (layer: "${layer.drv}") layers)}; do
      cp -r --preserve=mode,timestamps $layer/. $CARGO_TARGET_DIR
      chmod -R u+w $CARGO_TARGET_DIR
    done
  '';

  # One layer for each set of heavy parts that some job has: crates that jobs with these parts need beyond smaller layers.
  layers = map
    (parts: {
      inherit parts;
      drv =
        let
          users = filter (variant: partsOf variant == parts) variants;
          features = unique (concatMap (variant: variant.features) users);
          below = filter (layer: layer.parts != parts) (layersOf parts);
        in
        platform.run (concatStringsSep "-" ([ "layer" ] ++ parts)) { }
          (prepare below (source "manifests" (manifests ++ (if features == [ ] then [ ] else patches))) + ''
            ${cargo (map (variant: variant.name) users) features}
            cd $CARGO_TARGET_DIR
            rm -f .rustc_info.json release/* 2>/dev/null || true
            # What build scripts say comes in the order of the moment; where cmake has built stands which kernel runs here.
            sed -i '/^cargo:/!d' release/build/*/output
            find release/build -name stderr -exec truncate -s 0 {} +
            rm -rf release/build/*/out/build
            # Which files of its OUT_DIR a crate has read, cargo writes in the order of a hash map. Here is the list of none:
            # nothing in a layer changes, so there is nothing to compare.
            printf '\1\0\0\0\377\1\0\0\0\0\0\0\0\0' >$TMPDIR/none
            find . -path './release/.fingerprint/*/dep-*' -exec cp $TMPDIR/none {} ';'
            for member in ${concatStringsSep " " (attrNames members)}; do
              rm -rf release/.fingerprint/$member-???????????????? release/deps/{,lib}$member-????????????????*
            done
            for layer in ${concatStringsSep " " (map (layer: "${layer.drv}") below)}; do
              (cd $layer && find . -type f) | xargs rm -f
            done
            find . -type d -empty -delete
            cp -r . $out
          '');
    })
    (builtins.sort (a: b: builtins.length a < builtins.length b) (unique (map partsOf variants)));

  ## Jobs.

  models = import ./models.nix { inherit (platform) fetchurl; };

  ffmpeg = {
    DOUGPT_FFMPEG = "${platform.ffmpeg}/bin/ffmpeg";
    DOUGPT_FFPROBE = "${platform.ffmpeg}/bin/ffprobe";
  };

  # A shell script for $out/bin that prepares its environment and then is `target`.
  wrapper = name: target: preparation: ''
    cat >$out/bin/${name} <<'END'
    #!${platform.shell}
    ${preparation}
    END
    echo "exec ${target} \"\$@\"" >>$out/bin/${name}
    chmod +x $out/bin/${name}
  '';
  # Sets what the environment leaves open.
  defaults = variables: lines
    (map (variable: "export ${variable}=\"\${${variable}:-${variables.${variable}}}\"") (attrNames variables));

  program = variant:
    let
      inherit (variant) name features;
      used = closure name;
      read = concatMap (member: [ members.${member}.folder ] ++ members.${member}.package.metadata.embeds or [ ]) used;
      needsFfmpeg = elem "media" used;
    in
    platform.run (concatStringsSep "-" ([ name ] ++ features)) platform.references
      (prepare (layersOf (partsOf variant))
        (source "source" (manifests ++ read ++ (if features == [ ] then [ ] else patches))) + ''
        ${cargo [ name ] features}
        mkdir -p $out/bin $out/libexec
        cp $CARGO_TARGET_DIR/release/${name} $out/libexec
        strip $out/libexec/${name}
        ${if needsFfmpeg then
          wrapper name "$out/libexec/${name}" (defaults ffmpeg)
        else "mv $out/libexec/${name} $out/bin && rmdir $out/libexec"}
      '');

  # `pipeline` runs the other jobs by store path, and has them beside it for who wants all on PATH. Its own program is built
  # apart, so that it is not when a job changes. The demo finds its models here; any other run keeps them in the user's cache,
  # for it may ask for one that is to be downloaded.
  pipeline = platform.run "pipeline" { } (''
    mkdir -p $out/bin $out/models
    for job in ${concatStringsSep " " (attrValues (removeAttrs programs [ "pipeline" ]))}; do ln -s $job/bin/* $out/bin; done
    ${lines (map (model: "ln -s ${model.path} $out/models/${model.name}") models.cache)}
  '' + wrapper "pipeline" "${programs.pipeline}/bin/pipeline" ''
    ${defaults { DOUGPT_BIN_DIR = "@out@/bin"; }}
    if [ "''${1:-}" = demo ]; then ${defaults { DOUGPT_MODEL_CACHE = "@out@/models"; }}; fi
  '' + "sed -i s,@out@,$out, $out/bin/pipeline");

  programs = listToAttrs (map (name: { inherit name; value = program { inherit name; features = [ ]; }; }) jobs);

  # Each program starts with an empty environment, where nothing but the store is to be seen.
  starts = name: program: platform.run "${name}-starts" { } ''
    env -i ${program}/bin/${name} --version >$out
    env -i ${program}/bin/${name} --help >/dev/null
  '';

  # A build has its own folder and the store, no network, and nothing of the machine.
  sandboxed = platform.run "sandboxed" { } ''
    for path in /bin/* /home/* /lib/* /mnt/* /opt/* /root/* /srv/* /usr/* /var/*; do
      case $path in /bin/sh | *'*') ;; *) echo "a build sees $path" >&2 && exit 1 ;; esac
    done
    [ ! -e $HOME ]
    interfaces=$(sed -n 's/^ *\([^ ]*\):.*/\1/p' /proc/net/dev)
    [ "$interfaces" = lo ] || { echo "a build has the network interfaces" $interfaces >&2 && exit 1; }
    echo / has $(ls /), interfaces $interfaces | tee $out
  '';

  # Its ffmpeg comes with it, and the record of a run says which build ran.
  ingests = platform.run "ingest-ingests" { sample = source "sample" [ (folderOf "testkit" + "/sample") ]; } ''
    sample=$sample/${folderOf "testkit"}/sample/demo-1
    env -i ${programs.ingest}/bin/ingest --store $TMPDIR/store --vod file:$sample.mkv --chat $sample.chat.json
    grep -rq '"${programs.ingest}"' $TMPDIR/store/runs --include='record-*.json'
    touch $out
  '';
  folderOf = name: members.${name}.folder;

  cuda = name: program { inherit name; features = [ "cuda" ]; };
  # NAME-cuda for each job that has such a build.
  eachCuda = of: listToAttrs (map (name: { name = "${name}-cuda"; value = of name; }) withCuda);
  app = name: program: {
    type = "app";
    program = "${program}/bin/${name}";
    meta.description = members.${name}.package.description;
  };
in
{
  packages = programs // eachCuda cuda // models.packages // { inherit pipeline; default = pipeline; }
    // listToAttrs (map (layer: { inherit (layer.drv) name; value = layer.drv; }) layers);
  apps = mapAttrs app (programs // { inherit pipeline; }) // { default = app "pipeline" pipeline; }
    // eachCuda (name: app name (cuda name));
  checks = mapAttrs starts (programs // { inherit pipeline; }) // { inherit ingests sandboxed; }
    // eachCuda (name: starts name (cuda name));
  # What the jobs are built with, and the ffmpeg they run with.
  devShells.default = platform.run "dougpt" ffmpeg "touch $out";
}
