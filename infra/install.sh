#!/usr/bin/env bash
# Installs what building, checking and testing the deployment needs, and nothing that is there already:
# a Python environment in .venv (versions in infra/requirements.txt), Debian packages, and the peers of infra/peers.
# cargo and a C compiler are expected: they are all that `cargo test` needs.
#
# infra/install.sh                everything
# infra/install.sh --build-only   only what `sam build` and `sam deploy` need: no packages
set -euo pipefail
cd "$(dirname "$0")/.."

fail() {
    echo "infra/install.sh: $1" >&2
    exit 1
}

[ $# -eq 0 ] || [ "$*" = --build-only ] || fail "usage: infra/install.sh [--build-only]"
for tool in cargo cc python3; do
    command -v "$tool" >/dev/null || fail "$tool is not on PATH; install it first"
done
python3 -c 'import sys; sys.exit(sys.version_info < (3, 10))' || fail "Python 3.10 or newer is needed"

# The environment is made again when the pinned versions change.
pins=$(sha256sum infra/requirements.txt | cut -d' ' -f1)
if [ "$(cat .venv/pins 2>/dev/null || true)" != "$pins" ]; then
    rm -rf .venv
    python3 -m venv .venv || fail "python3 -m venv failed; on Debian it is in the package python3-venv"
    # The list is whole, so nothing is resolved (older pips leave the pins while they do), nothing is built, and no file
    # is taken that is not the one whose hash is in the list.
    .venv/bin/pip install --quiet --require-hashes --only-binary :all: --no-deps --requirement infra/requirements.txt ||
        fail "pip could not install infra/requirements.txt"
    .venv/bin/pip check || fail "infra/requirements.txt is not whole"
    echo "$pins" >.venv/pins
fi

.venv/bin/cargo-lambda lambda --version
.venv/bin/python -m ziglang version | sed 's/^/zig /'
SAM_CLI_TELEMETRY=0 .venv/bin/sam --version
[ "${1:-}" != --build-only ] || exit 0

# xmlsec1 is the second opinion on signatures; valgrind counts the verifier's instructions; Chromium and its driver walk
# the pages; SimpleSAMLphp, in PHP's own web server, and oidc-provider, in Node, are identity providers that are not ours.
missing=()
command -v xmlsec1 >/dev/null || missing+=(xmlsec1)
# Another canonical form, beside xmlsec1's own.
command -v xmllint >/dev/null || missing+=(libxml2-utils)
command -v valgrind >/dev/null || missing+=(valgrind)
command -v chromium >/dev/null || missing+=(chromium)
command -v chromedriver >/dev/null || missing+=(chromium-driver)
command -v npm >/dev/null || missing+=(nodejs npm)
# php-xml is not pulled in by itself.
[ -d /usr/share/simplesamlphp ] && command -v php >/dev/null ||
    missing+=(simplesamlphp php-cli php-xml php-mbstring php-curl php-sqlite3)
if [ "${#missing[@]}" -gt 0 ]; then
    command -v apt-get >/dev/null || fail "missing: ${missing[*]}, and there is no apt-get to install them with"
    as_root=()
    if [ "$(id -u)" -ne 0 ]; then
        command -v sudo >/dev/null || fail "missing: ${missing[*]}; run as root, or install them by hand"
        as_root=(sudo -n)
    fi
    "${as_root[@]}" apt-get update --quiet=2 || fail "apt-get update failed"
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
        apt-get install --yes --quiet=2 --no-install-recommends "${missing[@]}" >/dev/null ||
        fail "apt-get could not install: ${missing[*]}"
fi

pins=$(sha256sum infra/peers/oidc-provider/package-lock.json | cut -d' ' -f1)
modules=infra/peers/oidc-provider/node_modules
if [ "$(cat "$modules/pins" 2>/dev/null || true)" != "$pins" ]; then
    npm ci --prefix infra/peers/oidc-provider --ignore-scripts --no-audit --no-fund --silent ||
        fail "npm could not install infra/peers/oidc-provider"
    echo "$pins" >"$modules/pins"
fi

xmlsec1 --version
valgrind --version
chromium --version 2>/dev/null
chromedriver --version
php --version | head -n 1
node --version | sed 's/^/node /'
