# Sourced by tools/run and tools/test: installs what is missing, and says so first. Debian and Ubuntu.
# shellcheck shell=bash

say() { printf '\033[1m%s\033[0m\n' "$*" >&2; }
stop() { printf 'tools: %s\n' "$*" >&2; exit 1; }

# What it takes to build and to draw (software Vulkan where there is no GPU).
BUILD_PACKAGES="build-essential pkg-config cmake ca-certificates curl git libudev-dev libwayland-dev libx11-dev \
libxkbcommon-dev libxkbcommon-x11-0 libxcursor1 libxi6 libxrandr2 libvulkan1 mesa-vulkan-drivers"
# The real peers that stand in tests, and what checks our files from outside.
TEST_PACKAGES="xvfb xauth orthanc dcmtk dicom3tools admesh mmdebstrap zstd tar procps util-linux iproute2 python3"

# missing_packages NAME… : those that dpkg does not know as installed.
missing_packages() {
  local name
  for name in "$@"; do
    [ "$(dpkg-query -W -f='${Status}' "$name" 2>/dev/null)" = "install ok installed" ] || printf '%s ' "$name"
  done
}

# install_packages WHAT_FOR DISK MINUTES NAME…
install_packages() {
  local purpose=$1 disk=$2 minutes=$3 missing
  shift 3
  command -v apt-get >/dev/null || stop "this machine has no apt-get. Install these by hand and start again: $*"
  missing=$(missing_packages "$@")
  [ -z "$missing" ] && return 0
  say "To be installed through apt for $purpose (about $disk of disk, $minutes):"
  printf '  %s\n' "$missing" >&2
  local command="apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends $missing"
  if [ "$(id -u)" = 0 ]; then
    sh -c "$command" >&2 || stop "apt could not install them; the lines above say why"
  elif command -v sudo >/dev/null; then
    say "This needs root, once:"
    printf '  sudo sh -c "%s"\n' "$command" >&2
    if [ -t 0 ]; then
      read -r -p "Run it now? [Y/n] " answer
      case "$answer" in [nN]*) stop "nothing was installed. Run the line above, then start again." ;; esac
    fi
    sudo sh -c "$command" >&2 || stop "apt could not install them; the lines above say why"
  else
    stop "not root, and there is no sudo. As root, run: $command"
  fi
}

# Rust by rustup, only where cargo is absent.
install_rust() {
  [ -x "$HOME/.cargo/bin/cargo" ] && PATH="$HOME/.cargo/bin:$PATH"
  command -v cargo >/dev/null && return 0
  say "Rust is missing: installing it by rustup into $HOME/.cargo (about 700 MB, 2 minutes)."
  local script
  script=$(curl --proto '=https' --tlsv1.2 -sSf https://sh.rustup.rs 2>/dev/null ||
    curl --proto '=https' --tlsv1.2 -sSf https://static.rust-lang.org/rustup/rustup-init.sh) ||
    stop "rustup could not be fetched. Install Rust 1.95 or newer (https://rustup.rs) and start again."
  printf '%s' "$script" | sh -s -- -y --profile minimal --no-modify-path >&2 ||
    stop "rustup could not install Rust. Install Rust 1.95 or newer (https://rustup.rs) and start again."
  PATH="$HOME/.cargo/bin:$PATH"
}
