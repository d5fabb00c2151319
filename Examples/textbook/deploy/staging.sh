#!/bin/sh
# Starts the chatbot over what a drill has restored: its server, documents and settings, on another port than the live one.
#
#   CHATBOT_PROGRAM  the program
#   STAGING_PORT     where it listens
#
# HOLDFAST_DRILL_…: see docs/operating/drills.md. The sets are named as in the configuration of the demo.
set -eu
settings=$HOLDFAST_DRILL_ROOT/staging.env
umask 077
grep -v -e '^QDRANT_' -e '^DOCS_FOLDER=' -e '^PORT=' "$HOLDFAST_DRILL_CONFIGURATION/settings/.env.production" >"$settings"
cat >>"$settings" <<END
QDRANT_URL=$HOLDFAST_DRILL_QDRANT_URL
DOCS_FOLDER=$HOLDFAST_DRILL_DOCUMENTS/docs
PORT=${STAGING_PORT:?a free port}
END
exec "${CHATBOT_PROGRAM:?the path of textbook-chatbot}" --env-file "$settings"
