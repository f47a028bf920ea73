# A bot that answers who speaks to it. Needs Python 3 and requests (pip install requests).
#   botyard keys create pybot --preset bot --bot chat/helper      prints the line to paste: BOTYARD_URL, BOTYARD_KEY
#   python3 examples/echo-python/bot.py
import os, requests
s, v1 = requests.Session(), os.environ["BOTYARD_URL"] + "/v1"
s.headers["Authorization"] = "Bearer " + os.environ["BOTYARD_KEY"]
s.put(f"{v1}/consumers/pybot", json={"start": "now", "bot": "chat/helper"})      # repeating it is harmless
while True:
    page = s.get(f"{v1}/consumers/pybot/events", params={"waitMs": 30000}, timeout=40).json()
    for e in page["items"]:
        if e["type"] == "message.created" and "helper" in e["addressed"]:
            s.post(f"{v1}/events/{e['id']}/reply", json={"text": "you said: " + e["content"]["text"]}).raise_for_status()
    s.post(f"{v1}/consumers/pybot/ack", json={"cursor": page["cursor"]})
