#!/bin/sh
# Starts the chatbot anew with the settings that are there now, and ends with 0 once it answers. What a service manager does elsewhere.
#
#   CHATBOT_PROGRAM  the program
#   CHATBOT_RUN      the folder for its process id, port and log
#   CHATBOT_PARENT   a process at whose end the chatbot ends, too; may be missing
#
# The settings are .env.production beside the folder of this script.
set -eu
project=$(cd "$(dirname "$0")/.." && pwd)
program=$(readlink -f "${CHATBOT_PROGRAM:?the path of textbook-chatbot}")
run=${CHATBOT_RUN:?a folder for what belongs to the running program}
mkdir -p "$run"

# A process that has ended and was not waited for has no program any more; nor has one that took over an old number this one.
runs() { [ "$(readlink "/proc/$1/exe" 2>/dev/null)" = "$2" ]; }

if [ -s "$run/chatbot.pid" ]; then
    old=$(cat "$run/chatbot.pid")
    if runs "$old" "$program"; then
        kill -TERM "$old"
        while runs "$old" "$program"; do sleep 0.05; done
    fi
fi
rm -f "$run/chatbot.pid" "$run/chatbot.port"

# In a session of its own: it outlives the hook that started it.
setsid "$program" --env-file "$project/.env.production" --port-file "$run/chatbot.port" \
    ${CHATBOT_PARENT:+--parent-pid "$CHATBOT_PARENT"} >"$run/chatbot.log" 2>&1 </dev/null &
new=$!
echo "$new" >"$run/chatbot.pid"
while [ ! -s "$run/chatbot.port" ]; do
    if [ -z "$(readlink "/proc/$new/exe" 2>/dev/null)" ]; then
        echo "the chatbot did not start:" >&2
        tail -n 5 "$run/chatbot.log" >&2
        exit 1
    fi
    sleep 0.05
done
