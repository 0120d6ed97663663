#!/usr/bin/env bash
# Builds the packages of this revision into target/packages, with a SHA256SUMS: release.sh [TARGET...]
#
# gnu targets run on glibc 2.17 and newer and become a wheel, a .deb and a .rpm; musl targets are static and become an archive.
# It needs a clean checkout, Rust, python3 with venv, and the crates and PyPI registries. Where a target's standard library is
# neither there nor to be had from rustup, it is built from the compiler's own source (rust-src), if that is there.
# TFTOP_RELEASE_URL is where the source archive will be found; Homebrew's and conda's files are written only with it.
set -euo pipefail
cd "$(dirname "$0")/../.."

targets=("$@")
((${#targets[@]})) || targets=({x86_64,aarch64}-unknown-linux-{gnu,musl})
largest=9000000 # bytes of a stripped binary

fail() {
  echo "release.sh: $*" >&2
  exit 1
}

[[ -z $(git status --porcelain) ]] || fail "the checkout is not clean"
SOURCE_DATE_EPOCH=$(git log -1 --format=%ct)
export SOURCE_DATE_EPOCH TZ=UTC LC_ALL=C CARGO_TARGET_DIR=$PWD/target
umask 022
version=$(sed -n 's/^version = "\(.*\)"$/\1/p' Cargo.toml)
sysroot=$(rustc --print sysroot)
host=$(rustc -vV | sed -n 's/^host: //p')
out=$PWD/target/packages
work=$PWD/target/packaging
stage=$work/stage # what [package.metadata.deb] and [package.metadata.generate-rpm] name
rm -rf "$out" "$stage"
mkdir -p "$out" "$work" "$stage/usr/bin"

# The tools, of pinned versions.
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --requirement assets/packaging/requirements.txt
export PATH=$work/venv/bin:$work/tools/bin:$PATH

# With symbols, which are split off below; and the same bytes from any folder.
export CARGO_PROFILE_DIST_DEBUG=line-tables-only CARGO_PROFILE_DIST_STRIP=none
flags="--remap-path-prefix=$PWD=/tftop --remap-path-prefix=${CARGO_HOME:-$HOME/.cargo}/registry/src=/crates"

# Sets `std` to the options that a build for this target needs beside its name.
find_std() {
  std=()
  unset RUSTC_BOOTSTRAP
  export RUSTFLAGS=$flags
  if compgen -G "$sysroot/lib/rustlib/$1/lib/libstd-*.rlib" > /dev/null; then
    return
  elif [[ -e $sysroot/lib/rustlib/src/rust/library/Cargo.lock ]]; then
    export RUSTC_BOOTSTRAP=1 # -Z is for nightly compilers otherwise
    std=(-Z "build-std=std,panic_unwind")
    # musl's start files come with rustup's standard library only; zig has its own.
    [[ $1 != *-musl ]] || RUSTFLAGS+=" -C link-self-contained=no"
  elif ! rustup target add "$1"; then
    fail "there is no standard library for $1: neither of this Rust, nor from rustup, nor its source (rust-src)"
  fi
}

# The binary without symbols, and beside it what was taken out, which a debugger and a backtrace find by its name.
split_debug() { # BINARY TARGET FOLDER
  local objcopy
  for objcopy in "$sysroot/lib/rustlib/$host/bin/rust-objcopy" "${2%%-*}-linux-gnu-objcopy" llvm-objcopy; do
    ! command -v "$objcopy" > /dev/null || break
  done
  "$objcopy" --only-keep-debug "$1" "$3/tftop.debug"
  (cd "$3" && "$objcopy" --strip-all --add-gnu-debuglink=tftop.debug "$1" tftop)
  chmod 755 "$3/tftop"
  chmod 644 "$3/tftop.debug"
  local bytes
  bytes=$(stat -c %s "$3/tftop")
  echo "$2: $bytes bytes"
  ((bytes <= largest)) || fail "$2: $bytes bytes are more than $largest"
}

# Manual pages, completions and notices, by a binary that runs here.
document() { # BINARY
  local share=$stage/usr/share
  [[ ! -e $share ]] || return 0
  "$1" --version > /dev/null || fail "manual pages are written by a binary that runs here: name a target of this machine first"
  mkdir -p "$share"/{man/man1,bash-completion/completions,zsh/site-functions,fish/vendor_completions.d,doc/tftop}
  "$1" man "$share/man/man1"
  "$1" completions bash > "$share/bash-completion/completions/tftop"
  "$1" completions zsh > "$share/zsh/site-functions/_tftop"
  "$1" completions fish > "$share/fish/vendor_completions.d/tftop.fish"
  gzip -9n < assets/CHANGELOG.md > "$share/doc/tftop/changelog.gz"
  python3 assets/packaging/third_party.py > "$share/doc/tftop/THIRD-PARTY.txt"
}

archive() { # FOLDER NAME
  tar --sort=name --mtime="@$SOURCE_DATE_EPOCH" --owner=0 --group=0 --numeric-owner -C "$1" -cf - "$2" | gzip -9n > "$out/$2.tar.gz"
}

# maturin's wheel with the stripped binary, and with the manual pages, completions and notices.
wheel_of() { # TARGET
  local folder=$work/wheel/$1 info
  rm -rf "$folder"
  # By the manylinux tag zig knows which glibc to link for.
  (cd assets/python && maturin build --quiet --zig --locked --profile dist --target "$1" --compatibility manylinux2014 \
    --out "$folder" "${std[@]}")
  split_debug "$CARGO_TARGET_DIR/$1/dist/tftop" "$1" "$work/$1"
  document "$work/$1/tftop"
  wheel unpack --dest "$folder" "$folder"/*.whl
  folder=$folder/tftop-$version
  info=$folder/tftop-$version.dist-info
  [[ -f $folder/tftop/__init__.py ]] || fail "the wheel has no module"
  install -m 755 "$work/$1/tftop" "$folder/tftop-$version.data/scripts/tftop"
  mkdir -p "$folder/tftop-$version.data/data/share" "$info/licenses"
  cp -r "$stage"/usr/share/{man,bash-completion,zsh,fish} "$folder/tftop-$version.data/data/share"
  cp LICENSE "$stage/usr/share/doc/tftop/THIRD-PARTY.txt" "$info/licenses"
  sed -i 's/^License-Expression: .*/&\nLicense-File: LICENSE\nLicense-File: THIRD-PARTY.txt/' "$info/METADATA"
  wheel pack --dest "$out" "$folder"
}

static_archive() { # TARGET
  local name=tftop-$version-$1
  # Without GPUs: their library can only be loaded by a dynamic binary.
  cargo zigbuild --quiet --locked --profile dist --bin tftop --no-default-features --target "$1" "${std[@]}"
  split_debug "$CARGO_TARGET_DIR/$1/dist/tftop" "$1" "$work/$1"
  document "$work/$1/tftop"
  rm -rf "${work:?}/$name"
  mkdir "$work/$name"
  install -m 755 "$work/$1/tftop" "$work/$name"
  cp README.md LICENSE assets/CHANGELOG.md "$stage/usr/share/doc/tftop/THIRD-PARTY.txt" "$work/$name"
  cp -r "$stage"/usr/share/man "$work/$name"
  mkdir "$work/$name/completions"
  cp "$stage"/usr/share/{bash-completion/completions/tftop,zsh/site-functions/_tftop,fish/vendor_completions.d/tftop.fish} \
    "$work/$name/completions"
  mv "$work/$name/completions/tftop" "$work/$name/completions/tftop.bash"
  archive "$work" "$name"
}

for target in "${targets[@]}"; do
  find_std "$target"
  mkdir -p "$work/$target"
  case $target in
    *-gnu)
      wheel_of "$target"
      install -m 755 "$work/$target/tftop" "$stage/usr/bin/tftop"
      cargo install --quiet --locked --root "$work/tools" cargo-deb@3.8.0 cargo-generate-rpm@0.21.1
      gzip -9nf "$stage"/usr/share/man/man1/*.1
      cargo deb --quiet --no-build --no-strip --target "$target" --output "$out/"
      cargo generate-rpm --target "$target" --auto-req no --source-date "$SOURCE_DATE_EPOCH" --output "$out/"
      gunzip "$stage"/usr/share/man/man1/*.gz
      ;;
    *-musl) static_archive "$target" ;;
    *) fail "$target is neither gnu nor musl" ;;
  esac
  gzip -9n < "$work/$target/tftop.debug" > "$out/tftop-$version-$target.debug.gz"
done

git archive --prefix="tftop-$version/" HEAD | gzip -9n > "$out/tftop-$version.tar.gz"
sum=$(sha256sum < "$out/tftop-$version.tar.gz" | cut -d ' ' -f 1)
filled=(aur/PKGBUILD)
if [[ -n ${TFTOP_RELEASE_URL:-} ]]; then filled+=(homebrew/tftop.rb conda/recipe.yaml); else echo "no TFTOP_RELEASE_URL: no files for Homebrew and conda"; fi
for file in "${filled[@]}"; do
  sed "s|@VERSION@|$version|; s|@SHA256@|$sum|; s|@URL@|${TFTOP_RELEASE_URL:-}|" "assets/packaging/$file" > "$out/${file#*/}"
done
(cd "$out" && sha256sum -- * > "$work/SHA256SUMS" && mv "$work/SHA256SUMS" .)
ls -l "$out"
