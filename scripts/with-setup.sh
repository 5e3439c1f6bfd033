#!/bin/sh
# Brings what a program needs and runs it on the Node that npm brought: with-setup.sh PART PROGRAM [FLAGS].
# For --help the packages of npm are enough.
set -eu
root=$(dirname "$(dirname "$(readlink -f "$0")")")
part=$1
shift
case " $* " in *' --help '*) part=check ;; esac
node "$root/scripts/setup.mjs" "$part"
exec "$root/node_modules/.bin/node" "$@"
