#!/bin/sh
# A bot that answers who speaks to it. Needs curl 7.82 or newer and jq.
#   botyard keys create shbot --preset bot --bot chat/helper      prints the line to paste: BOTYARD_URL, BOTYARD_KEY
#   sh examples/echo-curl/bot.sh
set -eu
v1=$BOTYARD_URL/v1
umask 077
key=$(mktemp)                    # not on curl's command line: other users of the machine see those
trap 'rm -f "$key"' EXIT
trap 'exit 130' INT TERM
printf 'Authorization: Bearer %s\n' "$BOTYARD_KEY" > "$key"
ask() { curl --silent --show-error --fail-with-body --header @"$key" "$@"; }

ask -X PUT --json '{"start": "now", "bot": "chat/helper"}' "$v1/consumers/shbot" > /dev/null      # repeating it is harmless
while :; do
  page=$(ask "$v1/consumers/shbot/events?waitMs=30000")
  printf '%s\n' "$page" | jq -c '.items[] | select(.type == "message.created" and any(.addressed[]; . == "helper"))' |
    while IFS= read -r event; do
      id=$(printf '%s\n' "$event" | jq -r .id)
      printf '%s\n' "$event" | jq '{text: ("you said: " + .content.text)}' | ask --json @- "$v1/events/$id/reply" > /dev/null
    done
  printf '%s\n' "$page" | jq '{cursor}' | ask --json @- "$v1/consumers/shbot/ack" > /dev/null
done
