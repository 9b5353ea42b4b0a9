#!/bin/sh
# Bring in the programs that the tests start privately: PostgreSQL, Redis, RabbitMQ, Dovecot, OpenSSH's server, Node;
# on Linux also what makes two hosts of one machine (ip) and a wrong clock (libfaketime).
# Takes what is installed, else apt-get where it may (root on Debian or Ubuntu), else says what to install.
# The system's own services are never started, stopped or enabled. A program that stays absent is no error
# here: its tests skip and say so (under CI=true they fail).
set -u

has_postgresql() {
    for folder in /usr/lib/postgresql/*/bin /usr/pgsql-*/bin /opt/homebrew/opt/postgresql*/bin \
        /usr/local/opt/postgresql*/bin; do
        [ -x "$folder/initdb" ] && return 0
    done
    command -v initdb >/dev/null 2>&1
}

has_program() {
    for folder in /usr/sbin /usr/lib/rabbitmq/bin /opt/homebrew/opt/"$2"*/sbin /opt/homebrew/opt/"$2"*/bin \
        /usr/local/opt/"$2"*/sbin /usr/local/opt/"$2"*/bin; do
        [ -x "$folder/$1" ] && return 0
    done
    command -v "$1" >/dev/null 2>&1
}

has_faketime() {
    for file in /usr/lib/*/faketime/libfaketime.so.1 /usr/lib*/faketime/libfaketime.so.1; do
        [ -e "$file" ] && return 0
    done
    return 1
}

list_missing() {
    has_postgresql || printf ' postgresql'
    has_program redis-server redis || printf ' redis-server'
    has_program rabbitmq-server rabbitmq || printf ' rabbitmq-server'
    has_program dovecot dovecot || printf ' dovecot-imapd'
    has_program sshd openssh || printf ' openssh-server'
    has_program node node || printf ' nodejs'
    has_program npm node || printf ' npm'
    [ "$(uname -s)" = Linux ] || return 0
    has_program ip iproute2 || printf ' iproute2'
    has_faketime || printf ' libfaketime'
}

policy=/usr/sbin/policy-rc.d
restore_policy() {
    rm -f "$policy"
    [ ! -e "$policy.before-backline" ] || mv -f "$policy.before-backline" "$policy"
}

install_with_apt() {
    # Packages ask policy-rc.d before they start a service; ours says no, and theirs comes back afterwards.
    [ ! -e "$policy" ] || mv -f "$policy" "$policy.before-backline" || return 1
    trap restore_policy EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM HUP
    printf '#!/bin/sh\nexit 101\n' >"$policy" && chmod 755 "$policy" || return 1
    export DEBIAN_FRONTEND=noninteractive
    apt-get update -qq && apt-get install -qq -y --no-install-recommends "$@" >/dev/null
    result=$?
    restore_policy
    trap - EXIT INT TERM HUP
    # A package enables its service for the next start of the machine; these came for the tests alone.
    if [ $result -eq 0 ] && command -v systemctl >/dev/null 2>&1; then
        for package in "$@"; do
            case $package in
                dovecot-imapd) unit=dovecot ;;
                openssh-server) unit=ssh ;;
                *) unit=$package ;;
            esac
            systemctl disable --quiet "$unit.service" >/dev/null 2>&1 || true
        done
    fi
    return $result
}

missing=$(list_missing)
if [ -n "$missing" ] && [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
    echo "installing$missing"
    # shellcheck disable=SC2086  # one word per package
    install_with_apt $missing || echo "apt-get could not install$missing" >&2
    missing=$(list_missing)
fi
[ -n "$missing" ] || exit 0
echo "not installed:$missing; the tests that need them will be skipped. To have them:"
case $(uname -s) in
    Darwin) echo "    brew install$(echo "$missing" | sed 's/-server//g; s/-imapd//; s/nodejs//; s/npm/node/')" ;;
    *)
        if command -v apt-get >/dev/null 2>&1; then
            echo "    sudo make services"
        else
            echo "    install PostgreSQL (with initdb), Redis, RabbitMQ, Dovecot, OpenSSH's server and Node (with npm) from your system's packages"
        fi
        ;;
esac
exit 0
