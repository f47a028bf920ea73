/** What a person would type, by operation, without the program's name. A test runs them through the parser. */
export const examples: Readonly<Record<string, readonly string[]>> = {
  "bots.create": [
    "bots create helper",
    "bots create cloud/helper --display-name Helper --description 'Answers questions'",
  ],
  "bots.list": ["bots list", "bots list chat --source all"],
  "bots.adopt": ["bots adopt chat/build --native-id build-bot"],
  "bots.update": ["bots update chat/helper --display-name 'The helper' --clear description"],
  "bots.set-icon": ["bots set-icon chat/helper --file avatar.png"],
  "bots.get-icon": ["bots get-icon chat/helper --file avatar.png"],
  "connections.update": ["connections update cloud -o occ='docker exec -u www-data nextcloud php occ'"],
  "consumers.put": ["consumers put pybot --bot chat/helper --start now --max-age 10m"],
  "credentials.import": ["credentials import chat bot-token --bot helper --secret env:TOKEN"],
  "events.list": ["events list --bot chat/helper --type message.created --limit 20"],
  "events.stream": ["events stream --room chat/eng:ops"],
  "files.upload": ["files upload --file report.pdf --room eng:ops --as helper"],
  "keys.create": [
    "keys create pybot --preset bot --bot chat/helper",
    "keys create agent --room chat/eng:ops --allow events.read,messages.send --rate 20/min --expires 30d",
  ],
  "ledger.get": ["ledger get op_01KAG7 --wait 30s"],
  "messages.send": [
    "messages send eng:ops hello --as helper",
    "messages send chat/eng:ops - --format markdown < report.md",
  ],
  "messages.reply": ["messages reply evt_01KAG3 'on my way'"],
  "rooms.add-bot": ["rooms add-bot eng:ops helper"],
};
