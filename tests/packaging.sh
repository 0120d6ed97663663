#!/usr/bin/env bash
# Installs every package of assets/packaging/release.sh by its own means in fresh roots of Debian 11, 12 and 13, where it must
# say of a real TensorFlow process what a build made here says, and leave nothing when it is removed: packaging.sh [SUITE...]
#
# Not part of `cargo test`: it needs root, debootstrap, Debian's mirror and a minute or two for each root. Before it:
#   assets/packaging/release.sh && cargo build --release && cargo test --test tensorflow pools
# TFTOP_PACKAGES, TFTOP_NATIVE and TFTOP_TEST_PYTHON name other packages, another build and another Python with TensorFlow.
set -euo pipefail
cd "$(dirname "$0")/.."
# In mounts of its own: what is mounted below goes with it.
[[ ${1:-} == --inside ]] || exec unshare --mount --propagation private "$BASH" "tests/${0##*/}" --inside "$@"
shift

suites=("$@")
((${#suites[@]})) || suites=(bullseye bookworm trixie)
packages=${TFTOP_PACKAGES:-target/packages}
native=${TFTOP_NATIVE:-target/release/tftop}
python=${TFTOP_TEST_PYTHON:-target/python/tensorflow-2.21.0/bin/python}
roots=$PWD/target/packaging/roots
machine=$(uname -m)
passed=0

fail() {
  echo "FAILED: $*" >&2
  exit 1
}

ok() {
  passed=$((passed + 1))
  echo "ok: $*"
}

scratch=$(mktemp -d)
target=
root=
cleanup() {
  [[ -z $target ]] || kill "$target" || true
  for mounted in "$root"/{proc,sys}; do
    ! mountpoint -q "$mounted" || umount --recursive --lazy "$mounted"
  done
  rm -rf --one-file-system "$scratch"
}
trap cleanup EXIT

one() { # the one file that a pattern names
  local files=("$@")
  [[ ${#files[@]} == 1 && -f ${files[0]} ]] || fail "not one file: ${files[*]}"
  echo "${files[0]}"
}
deb=$(one "$packages"/tftop_*_"$(dpkg --print-architecture)".deb)
rpm=$(one "$packages"/tftop-*."$machine".rpm)
wheel=$(one "$packages"/tftop-*manylinux*_"$machine".whl)
static=$(one "$packages"/tftop-*-"$machine"-unknown-linux-musl.tar.gz)
(cd "$packages" && sha256sum --quiet --check SHA256SUMS)
ok "SHA256SUMS"

# A real TensorFlow process whose threads stay as they are.
mkfifo "$scratch/stdin"
touch "$scratch/ready"
"$python" tests/targets/idle.py 3 2 < "$scratch/stdin" > "$scratch/ready" 2> "$scratch/stderr" &
target=$!
exec 9> "$scratch/stdin"
for ((second = 0; second < 120; second++)); do
  ! grep -q READY "$scratch/ready" || break
  sleep 1
done
grep -q READY "$scratch/ready" || fail "TensorFlow did not start: $(cat "$scratch/stderr")"

# What stands in two reports of one process at any time: everything but what was measured meanwhile.
cat > "$scratch/same.py" << 'PYTHON'
import json
import sys

MEASURED = {
    "awake", "cost", "demand", "doing", "got", "interval_s", "judgements", "last_cpu", "late_s", "predictions", "pressure",
    "run_s", "state", "uptime_s", "verdict", "waiting", "waits", "wanted", "window_s",
}


def lasting(value):
    if isinstance(value, dict):
        return {key: lasting(inner) for key, inner in value.items() if key not in MEASURED}
    return [lasting(inner) for inner in value] if isinstance(value, list) else value


def differences(a, b, path=""):
    if isinstance(a, dict) and isinstance(b, dict):
        for key in sorted(a.keys() | b.keys()):
            yield from differences(a.get(key), b.get(key), f"{path}.{key}")
    elif isinstance(a, list) and isinstance(b, list) and len(a) == len(b):
        for index, (x, y) in enumerate(zip(a, b)):
            yield from differences(x, y, f"{path}[{index}]")
    elif a != b:
        yield f"{path}: {a!r}, {b!r}"


native, other = (lasting(json.load(open(name))) for name in sys.argv[1:3])
for report in (native, other):  # both are sorted by what was measured
    report["threads"].sort(key=lambda thread: thread["tid"])
    report["groups"].sort(key=lambda group: group["label"])
found = list(differences(native, other))
if found:
    sys.exit("\n".join(found[:20]))
origins = {thread["origin"] for thread in other["threads"]}
if not {"tf-intra-op", "tf-inter-op"} <= origins:
    sys.exit(f"TensorFlow's pools are missing: {origins}")
print(f"{len(other['threads'])} threads of {len(other['groups'])} groups")
PYTHON

tape=tests/data/tape/second.tape
mkdir "$scratch/home"
cp "$tape" "$scratch/second.tape"
HOME=$scratch/home "$native" report "$target" --for 3s --json > "$scratch/native.json"
HOME=$scratch/home "$native" report "$scratch/second.tape" --json | sed "s|$scratch||" > "$scratch/native-tape.json"

# Runs in the root with nothing of this machine's environment.
inside() {
  chroot "$root" /usr/bin/env -i HOME=/tmp/home PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
    DEBIAN_FRONTEND=noninteractive PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_INDEX=1 "$@"
}

# The installed tftop says of the process and of a recording what the native build says.
reports() { # COMMAND...
  [[ $("$@" --version) == "$("$native" --version)" ]] || fail "$* --version"
  "$@" report "$target" --for 3s --json > "$scratch/got.json"
  said=$(python3 "$scratch/same.py" "$scratch/native.json" "$scratch/got.json") || fail "$*: another report than the native one"
  "$@" report /second.tape --json > "$scratch/got-tape.json"
  cmp "$scratch/native-tape.json" "$scratch/got-tape.json" || fail "$*: another report of a recording than the native one"
}

# Manual pages and completions lie where the system looks for them.
documented() { # PREFIX ZSH-FOLDER
  local file
  for file in share/man/man1/tftop.1.gz share/man/man1/tftop-report.1.gz share/"$2"/_tftop share/fish/vendor_completions.d/tftop.fish; do
    [[ -s $root$1/$file || -s $root$1/${file%.gz} ]] || fail "$1/$file is missing"
  done
  inside bash -c "source $1/share/bash-completion/completions/tftop && complete -p tftop" > /dev/null
}

# Every file of the root but the package manager's own books, with its type, mode and size.
files() {
  (cd "$root" && find . -xdev \( -path ./proc -o -path ./sys -o -path ./tmp -o -path ./var/lib/dpkg -o -path ./var/lib/rpm \
    -o -path ./var/cache -o -path ./var/log -o -path ./root/.rpmdb -o -name __pycache__ \) -prune -o ! -type d -printf '%p %y %m %s\n' -o -printf '%p %y %m\n') | sort
}

nothing_left() { # WHAT
  files > "$scratch/after"
  diff "$scratch/before" "$scratch/after" || fail "$1 left something behind"
}

# The same but for empty folders: pip leaves those that it made, rpm those that zsh, fish and the base system own elsewhere.
no_file_left() { # WHAT
  files | grep -v ' d ' > "$scratch/after"
  diff <(grep -v ' d ' "$scratch/before") "$scratch/after" || fail "$1 left something behind"
}

for suite in "${suites[@]}"; do
  if [[ ! -e $roots/$suite/.complete ]]; then
    rm -rf "${roots:?}/$suite"
    mkdir -p "$roots"
    debootstrap --variant=minbase --include=python3-venv,python3-pip,rpm "$suite" "$roots/$suite" > "$roots/$suite.log" \
      || fail "debootstrap $suite: see $roots/$suite.log"
    touch "$roots/$suite/.complete"
  fi
  root=$scratch/$suite
  cp -a --reflink=auto "$roots/$suite" "$root"
  cp "$scratch/second.tape" "$root"
  mkdir -p "$root/tmp/home"
  mount --bind /proc "$root/proc"
  mount --rbind /sys "$root/sys"
  # Some of pip's and rpm's books are made at their first use.
  inside python3 -m venv /opt/venv
  inside rpm --initdb
  rm -r "$root/opt/venv"
  cp "$deb" "$root/tmp/tftop.deb"
  cp "$rpm" "$root/tmp/tftop.rpm"
  cp "$wheel" "$static" "$root/tmp"
  files > "$scratch/before"

  inside dpkg -i /tmp/tftop.deb > /dev/null
  reports inside tftop
  documented /usr zsh/vendor-completions
  inside dpkg --purge tftop > /dev/null
  nothing_left "$suite: the .deb"
  ok "$suite: .deb: dpkg -i, $said as the native build, pages and completions, purged without a trace"

  # Debian's rpm knows nothing of what dpkg installed, so glibc is looked for by hand.
  inside rpm -qp --requires /tmp/tftop.rpm | grep -q '^glibc >= 2.17$' || fail "$suite: the .rpm asks for no glibc"
  inside rpm -i --nodeps /tmp/tftop.rpm
  reports inside tftop
  documented /usr zsh/site-functions
  inside rpm -e tftop
  no_file_left "$suite: the .rpm"
  ok "$suite: .rpm: rpm -i, $said as the native build, pages and completions, erased without a file"

  inside python3 -m venv /opt/venv
  files > "$scratch/before"
  inside /opt/venv/bin/pip install --quiet "/tmp/${wheel##*/}"
  reports inside /opt/venv/bin/tftop
  [[ $(inside /opt/venv/bin/python -c "import tftop; print(tftop.report($target, seconds=2)['schema'])") == tftop.report/1 ]] \
    || fail "$suite: the wheel's module"
  documented /opt/venv zsh/site-functions
  inside /opt/venv/bin/pip uninstall --quiet --yes tftop
  no_file_left "$suite: the wheel"
  rm -r "$root/opt/venv"
  ok "$suite: wheel: pip install, $said as the native build, pages and completions, uninstalled without a file"

  name=$(basename "$static" .tar.gz)
  files > "$scratch/before"
  inside tar -C /opt -xzf "/tmp/${static##*/}"
  reports inside "/opt/$name/tftop"
  inside bash -c "source /opt/$name/completions/tftop.bash && complete -p tftop" > /dev/null
  for file in LICENSE THIRD-PARTY.txt man/man1/tftop.1 completions/_tftop completions/tftop.fish; do
    [[ -s $root/opt/$name/$file ]] || fail "$suite: the static archive has no $file"
  done
  rm -r "${root:?}/opt/$name"
  nothing_left "$suite: the static archive"
  ok "$suite: static archive: unpacked, $said as the native build, removed without a trace"
  umount --recursive --lazy "$root/proc" "$root/sys"
  rm -rf --one-file-system "$root"
done

# What a scratch image holds: the static binary and nothing else.
root=$scratch/empty
mkdir -p "$root"/{proc,sys,tmp/home}
tar -C "$scratch" -xzf "$static"
cp "$scratch/$(basename "$static" .tar.gz)/tftop" "$scratch/second.tape" "$root"
mount --bind /proc "$root/proc"
mount --rbind /sys "$root/sys"
alone() {
  env -i HOME=/tmp/home "$(command -v chroot)" "$root" "$@"
}
# Where nobody has a name, users are numbers.
sed -i 's/"user": "root"/"user": "0"/' "$scratch/native.json"
reports alone /tftop
ok "an empty root with the static binary alone: $said as the native build"
echo "$passed passed, 0 failed"
