# What the tools share; read by bash.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
build=$(realpath -m "${AMZSYNC_BUILD:-$root/build}")
tool=${0##*/}

packages_build="build-essential pkg-config nginx nginx-dev libpq-dev
    libcurl4-openssl-dev libjansson-dev libssl-dev zlib1g-dev"
packages_run="postgresql curl openssl ca-certificates"
packages_sanitize="clang libclang-rt-dev llvm"
packages_test="$packages_sanitize valgrind libc6-dbg python3
    python3-jsonschema procps perl libfilter-perl libhttp-message-perl
    libipc-run-perl liblist-moreutils-perl libtest-base-perl
    libtest-longstring-perl libtext-diff-perl liburi-perl libwww-perl"
packages_full="chromium debootstrap faketime git pgbouncer prometheus"


say() {
    printf '%s: %s\n' "$tool" "$*" >&2
}


die() {
    say "error: $*"
    exit 1
}


as_root() {
    if [ "$(id -u)" = 0 ]; then
        "$@"
    elif command -v sudo >/dev/null; then
        sudo "$@"
    else
        die "this needs root, or a user with sudo: $*"
    fi
}


# The packages that are not installed, of those named.

missing_packages() {
    local package

    for package; do
        case $(dpkg-query -W -f '${db:Status-Status}' "$package" \
               2>/dev/null) in
            installed) ;;
            *) echo "$package" ;;
        esac
    done
}


need_packages() {
    local missing

    missing=$(missing_packages "$@" | tr '\n' ' ')

    if [ -n "$missing" ]; then
        say "installing: $missing"
        as_root "$root/tools/install" $missing || die "installation failed"
    fi
}


# apt-get with sources, lists and archives of its own below the folder $1, so
# that a look at another suite leaves no trace in the system.  The addresses
# and options come from apt's own configuration; $2 is "deb SUITE" for the
# system's main archive, or "deb-src" for all that the system has.

private_apt() {
    local dir kind=$2 codename keyring
    dir=$(realpath "$1")
    shift 2

    mkdir -p "$dir/lists/partial" "$dir/cache/archives/partial"
    codename=$(. /etc/os-release && echo "$VERSION_CODENAME")
    keyring=/usr/share/keyrings/debian-archive-keyring.gpg

    apt-get indextargets \
        --format '$(REPO_URI) $(RELEASE) $(CODENAME) $(COMPONENT)' \
        'Created-By: Packages' | sort -u \
    | awk -v kind="${kind%% *}" -v suite="${kind#* }" \
          -v codename="$codename" -v keyring="$keyring" '
        $NF != "main" { next }
        kind == "deb" && ($2 == codename || $3 == codename) && !done {
            print "deb [signed-by=" keyring "] " $1 " " suite " main"
            done = 1
        }
        kind == "deb-src" && ($2 ~ "^" codename || $3 ~ "^" codename) {
            print "deb-src [signed-by=" keyring "] " $1 " " $2 " main"
        }' > "$dir/sources.list"

    [ -s "$dir/sources.list" ] || die "apt knows no Debian archive"

    local options=(-q -o Dir::Etc::SourceList="$dir/sources.list"
                   -o Dir::Etc::SourceParts=/dev/null
                   -o Dir::State::Lists="$dir/lists"
                   -o Dir::Cache="$dir/cache"
                   -o APT::Sandbox::User="$(id -un)"
                   -o Acquire::Languages=none)

    apt-get "${options[@]}" update >/dev/null && apt-get "${options[@]}" "$@"
}


# npm comes with nodejs where that is not Debian's.

need_npm() {
    command -v npm >/dev/null || need_packages npm
}


# Installs below the folder $2 what the package-lock.json in $1 says, once.  It
# names the node, too, that this shall run on: Debian's may be too old.

need_modules() {
    cp "$1"/.npmrc "$1"/package*.json "$2"

    if ! cmp -s "$2/package-lock.json" "$2/.installed"; then
        need_npm
        say "installing the modules of ${1#"$root"/}"
        rm -f "$2/.installed"
        (cd "$2" && npm ci --no-audit --no-fund --omit=dev) \
            > "$2/npm.log" 2>&1 \
            || { tail -n 20 "$2/npm.log" >&2; die "npm failed"; }
        cp "$2/package-lock.json" "$2/.installed"
    fi
}


# Where PostgreSQL's server programs are.

postgres_bin() {
    ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -1
}


# A port that nobody listens on now: $1 if it is one.

free_port() {
    local port=${1:-$((20000 + RANDOM % 10000))}

    # Refused means that nobody listens.
    while (exec 3<> "/dev/tcp/127.0.0.1/$port") 2>/dev/null; do
        port=$((20000 + RANDOM % 10000))
    done

    echo "$port"
}
