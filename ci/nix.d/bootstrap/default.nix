# The platform that needs neither GitHub nor a binary cache: Debian packages, the Rust project's archives and one static
# busybox, each pinned by digest, made into tools that run from the Nix store and nowhere else.
{ rustVersion }:
let
  inherit (builtins) attrValues baseNameOf concatLists concatStringsSep elemAt filter isString map match readFile replaceStrings split;

  system = "x86_64-linux";
  # Every version Debian ever had is there. A day after the point release that the lists were made from.
  debian = "https://snapshot.debian.org/archive/debian/20260712T000000Z";

  # Nix's own downloader; as with nixpkgs' fetchurl, name and digest alone decide the store path.
  fetchurl = { url, sha256, name ? replaceStrings [ "~" ] [ "-" ] (baseNameOf url) }: derivation {
    inherit name url;
    system = "builtin";
    builder = "builtin:fetchurl";
    preferLocalBuild = true;
    outputHashMode = "flat";
    outputHashAlgo = "sha256";
    outputHash = sha256;
    urls = [ url ];
    executable = false;
    unpack = false;
  };

  # The files that a list of `sha256sum` lines names.
  pins = base: list: map
    (line: let pin = match "([0-9a-f]{64})  (.*)" line; in
      fetchurl { url = "${base}/${elemAt pin 1}"; sha256 = elemAt pin 0; })
    (filter (line: isString line && line != "") (split "\n" (readFile list)));

  packages = {
    busybox = pins debian ./busybox.sha256;
    ffmpeg = pins debian ./ffmpeg.sha256;
    tools = pins debian ./tools.sha256;
  };

  # The one program Nix cannot make or fetch by itself, for a package has to be unpacked by something: `ci/nix` puts it
  # into the store. Its digest decides, not where it came from.
  busybox = derivation {
    name = "busybox";
    inherit system;
    builder = "builtin:brought-by-ci/nix";
    outputHashMode = "recursive";
    outputHashAlgo = "sha256";
    outputHash = "sha256-SUza0DfPfQp17oFvwGC5JmPeEwlgKv9DwvnOVdreTEA=";
  };
  shell = "${busybox}/bin/busybox";

  # Unpacks Debian packages into $out, with /usr merged and every link inside, then runs a script there.
  unpack = name: packages: script: derivation {
    inherit name system packages;
    builder = shell;
    args = [ "sh" "-euc" (''
      ${shell} mkdir -p $TMPDIR/bin $out/usr/lib64
      ${shell} --install -s $TMPDIR/bin
      export PATH=$TMPDIR/bin
      cd $out
      for package in $packages; do ar -p $package data.tar.xz | tar -xJ; done
      for folder in bin sbin lib lib64; do
        [ ! -d $folder ] || cp -dR $folder/. usr/$folder/
        rm -rf $folder
        ln -s usr/$folder $folder
      done
      rm -rf boot dev etc home media mnt opt proc root run srv sys tmp var usr/share/doc usr/share/info usr/share/locale usr/share/man
      find . -type l | while read -r link; do
        case $(readlink $link) in /*) ln -sfn $out$(readlink $link) $link ;; esac
      done
    '' + script) ];
  };
  libraries = "usr/lib/x86_64-linux-gnu";

  # What a finished job keeps of all this: the loader, libc, and the run-time libraries of gcc.
  runtime = unpack "runtime"
    (filter (package: match "(gcc-12-base|libc6|libgcc-s1|libstdc\\+\\+6)_.*" package.name != null) packages.tools)
    "rm -rf usr/bin usr/sbin usr/share ${libraries}/gconv";

  # Shell, coreutils, gcc, binutils, cmake, libclang. Programs find loader and libraries by path: RPATH and not RUNPATH,
  # for it also serves the libraries that their libraries need.
  tools = unpack "tools" packages.tools ''
    cp usr/bin/patchelf $TMPDIR/patchelf
    patch() { lib64/ld-linux-x86-64.so.2 --library-path ${libraries} $TMPDIR/patchelf "$@"; }
    find usr/bin usr/sbin usr/lib/gcc -type f -perm -100 | while read -r file; do
      if [ "$(head -c 4 $file | tail -c 3)" = ELF ] && patch --print-interpreter $file >$TMPDIR/interpreter 2>&1; then
        patch --set-interpreter $out/lib64/ld-linux-x86-64.so.2 --force-rpath --set-rpath $out/${libraries} $file
      fi
    done
    patch --force-rpath --set-rpath $out/${libraries} $(readlink -f ${libraries}/libclang-14.so.1) ${libraries}/libLLVM-14.so.1
    ln -s bash usr/bin/sh
    ln -s gawk usr/bin/awk

    # Whatever is linked finds its libraries in `runtime`, and nothing here.
    mkdir compilers
    for name in cc:gcc gcc:gcc c++:g++ g++:g++; do
      cat >compilers/''${name%:*} <<END
    #!$out/bin/bash
    link=(-Wl,--dynamic-linker=${runtime}/lib64/ld-linux-x86-64.so.2 -Wl,--disable-new-dtags -Wl,-rpath,${runtime}/${libraries})
    for argument in "\$@"; do case \$argument in -c | -E | -S | -M | -MM | -r) link=() ;; esac; done
    exec $out/bin/''${name#*:}-12 --sysroot=$out -B$out/bin "\$@" "\''${link[@]}"
    END
      chmod +x compilers/''${name%:*}
    done
  '';

  # A derivation built by bash with these tools on PATH.
  run = name: path: attributes: script: derivation (attributes // {
    inherit name system;
    outputs = [ "out" ];
    PATH = concatStringsSep ":" (path ++ [ "${tools}/compilers" "${tools}/bin" ]);
    HOME = "/homeless-shelter";
    SOURCE_DATE_EPOCH = 1;
    LIBCLANG_PATH = "${tools}/${libraries}";
    BINDGEN_EXTRA_CLANG_ARGS = "--sysroot=${tools} -resource-dir ${tools}/usr/lib/llvm-14/lib/clang/14.0.6";
    builder = "${tools}/bin/bash";
    # The shell has to end last: coreutils close stdout before they exit, and Nix kills a builder that has closed it.
    args = [ "-euo" "pipefail" "-c" "${script}\nexit 0" ];
  });

  rust = run "rust-${rustVersion}" [ ]
    {
      archives = pins "https://static.rust-lang.org/dist" ./rust.sha256;
    } ''
    mkdir $out
    for archive in $archives; do
      case $archive in *-${rustVersion}-*) ;; *) echo "rust.sha256 is not of Rust ${rustVersion}" >&2; exit 1 ;; esac
      mkdir unpacked
      tar -xf $archive -C unpacked --strip-components=1
      for component in $(cat unpacked/components); do
        rm unpacked/$component/manifest.in
        cp -dR unpacked/$component/. $out
      done
      rm -rf unpacked
    done
    rm -rf $out/share
    find $out/bin $out/libexec $out/lib -type f \( -perm -100 -o -name '*.so*' \) | while read -r file; do
      rpath=$(patchelf --print-rpath $file 2>/dev/null) || continue
      if patchelf --print-interpreter $file >/dev/null 2>&1; then
        patchelf --set-interpreter ${tools}/lib64/ld-linux-x86-64.so.2 $file
      fi
      patchelf --force-rpath --set-rpath "''${rpath:+$rpath:}${tools}/${libraries}" $file
    done
    $out/bin/rustc --version --verbose
    $out/bin/cargo --version
  '';

  # ffmpeg and ffprobe with the libraries they are linked with, and nothing of what those could load besides.
  ffmpeg = run "ffmpeg" [ ] { all = unpack "ffmpeg-packages" packages.ffmpeg ""; } ''
    mkdir -p $out/bin $out/lib
    search=$all/${libraries}:$all/${libraries}/pulseaudio:$all/${libraries}/blas:$all/${libraries}/lapack
    for program in ffmpeg ffprobe; do
      cp --no-preserve=mode $all/bin/$program $out/bin
      chmod +x $out/bin/$program
      $all/lib64/ld-linux-x86-64.so.2 --library-path $search --list $out/bin/$program >needed
      while read -r name _ path _; do # libc.so.6 => /.../libc.so.6 (0x...)
        case $name in lib*) cp -nL --no-preserve=mode $path $out/lib ;; esac
      done <needed
      patchelf --set-interpreter $out/lib/ld-linux-x86-64.so.2 --force-rpath --set-rpath $out/lib $out/bin/$program
    done
    cp -L $all/lib64/ld-linux-x86-64.so.2 $out/lib
    # A library with a search path of its own no longer looks where the program says.
    for library in $out/lib/*; do
      [ -z "$(patchelf --print-rpath $library)" ] || patchelf --remove-rpath $library
    done
    for program in ffmpeg ffprobe; do $out/bin/$program -version; done
  '';
in
{
  inherit busybox ffmpeg fetchurl runtime rust system tools;
  run = name: run name [ "${rust}/bin" ];
  shell = "${shell} sh";
  # Where Nix (and for older ones `ci/nix`) shows the machine's certificates to what may download.
  certificates = "/etc/ssl/certs/ca-certificates.crt";
  # What finished jobs may refer to: nothing else.
  references.allowedReferences = [ "out" busybox ffmpeg runtime ];

  # What `ci/nix` brings from the machine's own Debian mirror, a line each: store path, digest, name of the package.
  seeds = concatStringsSep "\n" (map
    (package: "${package} ${package.outputHash} ${elemAt (match "([^_]*)_.*" package.name) 0}")
    (concatLists (attrValues packages)));
  busyboxPackage = elemAt packages.busybox 0;
}
