#!/bin/sh
# The packages in FOLDER, in a root of their own that may be spoilt (tools/ci-packages makes it).   usage: packages.sh FOLDER
set -eu
folder=$1
export DEBIAN_FRONTEND=noninteractive
passed=0

ok() {
    passed=$((passed + 1))
    echo "ok $passed $1"
}

fail() {
    echo "not ok $1" >&2
    echo "$passed passed, 1 failed"
    exit 1
}

install_packages() {
    apt-get install -q -y --no-install-recommends "$@" </dev/null >/tmp/apt.log 2>&1 || { cat /tmp/apt.log; fail "apt-get install $*"; }
}

# What is in the root, but for what apt, dpkg and the linker keep for themselves.
listing() {
    find / -xdev \( -path /proc -o -path /sys -o -path /dev -o -path /tmp -o -path /packages -o -path /var/lib/dpkg -o -path /var/lib/apt \
        -o -path /var/cache -o -path /var/log -o -path /var/lib/systemd -o -path /etc/ld.so.cache \) -prune -o -print | sort
}

# An older version of each package: the same files, and a document that is gone since.
make_older() {
    mkdir /tmp/older
    for package in "$folder"/*.deb; do
        dpkg-deb -R "$package" /tmp/unpacked
        sed -i -e 's/^Version: .*/Version: 0.0.1-1/' -e 's/pastcam (= [^)]*)/pastcam (= 0.0.1-1)/' /tmp/unpacked/DEBIAN/control
        if [ -d /tmp/unpacked/etc/pastcam ]; then
            echo old > /tmp/unpacked/usr/share/doc/pastcam/gone.md
        fi
        dpkg-deb --root-owner-group -b /tmp/unpacked /tmp/older >/dev/null
        rm -rf /tmp/unpacked
    done
}

test_install() {
    install_packages "$folder"/*.deb
    for user in pastcam pastcam-web pastcam-hub; do
        id "$user" >/dev/null || fail "the user $user"
        [ -e "/etc/systemd/system/multi-user.target.wants/$user.service" ] || fail "$user.service is enabled"
    done
    id -nG pastcam-web | grep -qw pastcam || fail "pastcam-web reads the pictures"
    id -nG pastcam | grep -qw video || fail "pastcam opens cameras"
    ok "installed: users, groups, enabled services"
    for program in pastcam pastcam-web pastcam-hub; do
        "$program" --version >/dev/null || fail "$program --version"
    done
    pastcam -c /etc/pastcam/config.json --check-config >/dev/null || fail "--check-config"
    ok "the programs run and take the configuration"
}

# As its unit would start it, with the drawn camera.
test_a_picture() {
    install -d -o pastcam -g pastcam -m 750 /var/lib/pastcam /run/pastcam
    cd /var/lib/pastcam
    setpriv --reuid pastcam --regid pastcam --clear-groups sh -c 'umask 027
        exec pastcam -c /etc/pastcam/config.json -o camera.backend=synthetic -o memory.max_rss_mb=120' >/tmp/daemon.log 2>&1 &
    daemon=$!
    cd /
    turns=0
    until echo save | nc -N localhost 9999 2>/dev/null | grep -q '^Saved'; do
        turns=$((turns + 1))
        [ "$turns" -lt 300 ] || { cat /tmp/daemon.log; fail "a picture is saved"; }
        sleep 0.1
    done
    kill "$daemon"
    wait "$daemon" || fail "the daemon stops"
    setpriv --reuid pastcam-web --regid pastcam-web --init-groups sh -c 'cat /var/lib/pastcam/captures/*.jpg' >/dev/null || fail "its group reads the picture"
    ok "a picture is saved, and the group reads it"
}

test_upgrade() {
    make_older
    install_packages --allow-downgrades /tmp/older/*.deb
    [ -e /usr/share/doc/pastcam/gone.md ] || fail "the older version"
    sed -i 's/"framerate": 10/"framerate": 7/' /etc/pastcam/config.json
    install_packages "$folder"/*.deb
    grep -q '"framerate": 7' /etc/pastcam/config.json || fail "the upgrade keeps config.json"
    [ ! -e /etc/pastcam/config.json.dpkg-dist ] && [ ! -e /usr/share/doc/pastcam/gone.md ] || fail "the upgrade is clean"
    ok "an upgrade keeps config.json and asks nothing"
}

test_a_broken_configuration() {
    echo '{ not json' > /etc/pastcam/config.json
    apt-get install -q -y --reinstall "$folder"/*.deb </dev/null >/tmp/apt.log 2>&1 || { cat /tmp/apt.log; fail "a broken configuration is no broken package"; }
    [ "$(cat /etc/pastcam/config.json)" = '{ not json' ] || fail "a broken configuration stays"
    ok "a broken configuration is no broken package"
}

test_purge() {
    apt-get purge -q -y pastcam-hub pastcam-web pastcam >/tmp/apt.log 2>&1 || { cat /tmp/apt.log; fail "purge"; }
    # Libraries too that somebody else would merely like to have.
    apt-get autoremove -q -y --purge -o APT::AutoRemove::RecommendsImportant=false -o APT::AutoRemove::SuggestsImportant=false >/tmp/apt.log 2>&1
    ls /var/lib/pastcam/captures/*.jpg >/dev/null || fail "purge leaves pictures"
    id pastcam >/dev/null || fail "the pictures' owner stays"
    ! id pastcam-web 2>/dev/null || fail "the user pastcam-web goes"
    listing | comm -13 /tmp/before - | grep -v '^/var/lib/pastcam' > /tmp/left || :
    [ ! -s /tmp/left ] || { cat /tmp/left; fail "purge leaves nothing else"; }
    ok "purge leaves the pictures, their owner, and nothing else"
    rm -r /var/lib/pastcam
    install_packages "$folder"/*.deb
    apt-get purge -q -y pastcam-hub pastcam-web pastcam >/tmp/apt.log 2>&1 || { cat /tmp/apt.log; fail "purge without pictures"; }
    ! id pastcam 2>/dev/null && ! getent group pastcam || fail "without pictures the user goes too"
    ok "without pictures purge takes the user too"
}

apt-get update -q >/dev/null
apt-get install -q -y --no-install-recommends passwd >/dev/null 2>&1
listing > /tmp/before
test_install
test_upgrade
test_a_picture
test_a_broken_configuration
test_purge
echo "$passed passed, 0 failed"
