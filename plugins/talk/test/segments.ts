import { makeBot, type Actor } from "../src/simulator/model.ts";
import { type Nextcloud, type Room, type User } from "../src/simulator/index.ts";
import { recordings } from "./recordings.ts";
import { post } from "../src/simulator/chat.ts";

type Doing = (cloud: Nextcloud) => void | Promise<unknown>;

/** A stretch of the recordings on one server; between two of them its databases began anew. */
export interface Segment {
  readonly from: number;
  readonly to: number;
  /** What carol calls herself. */
  readonly carol: string;
  readonly begin: Doing;
  /** Done between recordings by requests that are not recorded, and needed by later ones. */
  readonly before: Readonly<Record<number, Doing>>;
  /** Their webhooks come with those of the request before. */
  readonly keepsPushes?: readonly number[];
}

const user = (cloud: Nextcloud, id: string): User => {
  const found = cloud.world.users.get(id);
  if (!found) throw new Error(`no user ${id}`);
  return found;
};
const room = (cloud: Nextcloud, token: string): Room => {
  const found = cloud.world.rooms.get(token);
  if (!found) throw new Error(`no room ${token}`);
  return found;
};
function makeRoom(cloud: Nextcloud, token: string, name: string, people: readonly string[], type = 2): Room {
  cloud.world.tokens.push(token);
  return cloud.room(
    name,
    people.map((id) => user(cloud, id)),
    type,
  );
}
const reset: Doing = ({ world }) => {
  world.attempts = [];
  world.roomAttempts = 0;
};
const attempts =
  (count: number, ageMs = 0): Doing =>
  ({ world }) => {
    world.attempts = Array.from({ length: count }, () => world.now() - ageMs);
  };
const at =
  (message: number): Doing =>
  ({ world }) =>
    void (world.next.message = message);
const asUser =
  (id: string, token: string, text: string): Doing =>
  (cloud) =>
    cloud.say(room(cloud, token), user(cloud, id), text);
const all =
  (...doings: readonly Doing[]): Doing =>
  async (cloud) => {
    for (const one of doings) await one(cloud);
  };
const asBot =
  (
    id: number,
    token: string,
    text: string,
    more: { readonly referenceId?: string; readonly replyTo?: number } = {},
  ): Doing =>
  (cloud) => {
    const bot = cloud.world.bots.find((one) => one.id === id);
    if (!bot) throw new Error(`no bot ${id}`);
    const actor: Actor = { type: "bots", id: `bot-${bot.hash}`, name: `${bot.name} (Bot)` };
    const server = { world: cloud.world, push: async () => new Response() };
    return post({ server, world: cloud.world }, room(cloud, token), actor, {
      text,
      referenceId: "",
      silent: false,
      replyTo: null,
      ...more,
    });
  };

const asAlice =
  (method: string, path: string, body: object): Doing =>
  (cloud) =>
    cloud.fetch(
      new Request(`http://127.0.0.1:8085${path}`, {
        method,
        headers: {
          authorization: `Basic ${btoa("alice:pw-alice")}`,
          "ocs-apirequest": "true",
          accept: "application/json",
          "content-type": "application/json",
        },
        body: JSON.stringify(body),
      }),
    );

function labBots(cloud: Nextcloud): void {
  const base = "http://127.0.0.1:29500/talk";
  makeBot(cloud.world, {
    name: "Lab Main",
    secret: "LabMainSecret-0123456789abcdefghijklmnopqrstuvwxyz",
    url: `${base}/main`,
    description: "lab bot main",
    state: 1,
    features: 11,
  });
  makeBot(cloud.world, {
    name: "Lab Helper",
    secret: "LabHelperSecret-0123456789abcdefghijklmnopqrstuv",
    url: `${base}/helper`,
    description: "lab bot helper",
    state: 1,
    features: 3,
  });
  makeBot(cloud.world, {
    name: "Lab Locked",
    secret: "LabLockedSecret-0123456789abcdefghijklmnopqrstuv",
    url: `${base}/locked`,
    description: "lab bot locked",
    state: 2,
    features: 3,
  });
}

function labRooms(cloud: Nextcloud): void {
  labBots(cloud);
  makeRoom(cloud, "epeiyzvb", "botyard lab", ["alice", "bob"]).bots.add(1);
  const open = makeRoom(cloud, "ezvz7xf6", "botyard open", ["alice", "bob"], 3);
  const bob = open.attendees[1];
  if (bob) bob.participantType = 2;
}

export const segments: readonly Segment[] = [
  {
    from: 1,
    to: 306,
    carol: "Carol",
    begin: () => {},
    before: {
      99: at(79),
      106: at(84),
      110: reset,
      129: reset,
      136: reset,
      137: at(95),
      143: at(96),
      144: at(97),
      146: at(98),
      149: at(99),
      155: at(102),
      157: at(103),
      159: at(104),
      161: at(105),
      165: at(107),
      168: at(108),
      171: at(110),
      173: at(111),
      176: at(113),
      189: (cloud) => void makeRoom(cloud, "htu42ith", "delivery lab", ["alice"]),
      235: ({ world }) => {
        world.attempts = [];
        world.next.bot = 18;
        makeBot(world, {
          name: "Botyard ExApp bot 2",
          secret: "twrM3NwpLBHAMbNJRCbjiodSXEzHKb3CkQMr5PJr7WYP2jSfxitjXJrjTNjeDkog",
          url: "http://127.0.0.1:8085/ocs/v2.php/apps/app_api/api/v1/talk_proxy/botyard/talk/echo",
          description: "renamed",
          state: 1,
          features: 3,
        });
        world.next.bot = 20;
        world.next.file = 247;
        world.next.message = 128;
      },
      246: at(131),
      254: reset,
      276: attempts(8),
      277: attempts(11),
      281: ({ world }) => void (world.next.bot = 21),
      289: (cloud) => {
        cloud.world.next.message = 131;
        return asBot(18, "5h3bogdd", "bot in the 1-1")(cloud);
      },
      292: (cloud) => {
        cloud.world.next.message = 127;
        return asBot(18, "htu42ith", "answer from the ExApp bot")(cloud);
      },
      299: attempts(11),
    },
  },
  {
    from: 307,
    to: 446,
    carol: "carol",
    begin: labRooms,
    before: {
      314: at(7),
      322: at(11),
      324: at(12),
      332: (cloud) => void (room(cloud, "epeiyzvb").readOnly = 1),
      333: (cloud) => {
        room(cloud, "epeiyzvb").readOnly = 0;
        room(cloud, "epeiyzvb").lobby = 1;
      },
      334: (cloud) => {
        room(cloud, "epeiyzvb").lobby = 0;
        cloud.world.next.message = 19;
      },
      336: at(20),
      338: at(21),
      340: at(22),
      347: all(at(26), asUser("bob", "ezvz7xf6", "in another room")),
      349: async (cloud) => {
        cloud.world.next.message = 27;
        const { write } = await import("../src/simulator/model.ts");
        write(cloud.world, room(cloud, "epeiyzvb"), { type: "users", id: "alice", name: "alice" }, "", {
          systemMessage: "description_set",
        });
      },
      351: async (cloud) => {
        await all(at(29), asUser("bob", "epeiyzvb", "to be deleted"))(cloud);
        const deleted = room(cloud, "epeiyzvb").messages.find(({ id }) => id === 29);
        if (deleted) deleted.deleted = true;
      },
      358: at(33),
      359: all(at(34), asUser("bob", "epeiyzvb", "reaction by bot seen by others")),
      364: (cloud) => void makeRoom(cloud, "7sahwv47", "slow lab", ["alice"]),
      372: at(39),
      375: all(at(40), asAlice("POST", "/ocs/v2.php/apps/spreed/api/v4/room/ezvz7xf6/moderators", { attendeeId: 4 })),
      376: at(41),
      386: reset,
      387: all(at(110), asUser("bob", "epeiyzvb", "to be edited")),
      391: all(at(113), ({ world }) => {
        world.next.file = 246;
        user({ world } as Nextcloud, "alice").files.set("/nocaption.txt", { id: 246, size: 10, type: "text/plain" });
        user({ world } as Nextcloud, "alice").files.set("/voice.mp3", { id: 247, size: 103, type: "audio/mpeg" });
      }),
      395: at(115),
      397: all((cloud) => {
        const made = {
          id: 1,
          question: "Tea?",
          options: ["yes", "no"],
          actorType: "users",
          actorId: "alice",
          actorDisplayName: "alice",
          status: 0,
          resultMode: 0,
          maxVotes: 1,
        };
        room(cloud, "epeiyzvb").polls.set(1, made);
      }, at(117)),
      399: at(118),
      401: all(at(119), (cloud) => void room(cloud, "epeiyzvb").sessions.add("alice")),
      403: at(120),
      406: at(122),
      410: at(125),
      412: at(126),
      414: at(127),
      416: at(128),
      419: at(133),
      421: at(134),
      423: at(135),
      425: async (cloud) => {
        cloud.world.backend = null;
        const { addAttendee } = await import("../src/simulator/model.ts");
        addAttendee(cloud.world, room(cloud, "epeiyzvb"), { type: "users", id: "bob", name: "bob" }, 3);
      },
      427: async (cloud) => {
        cloud.world.backend = "http://127.0.0.1:8085/";
        await all(at(137), asUser("bob", "epeiyzvb", "overwrite.cli.url with slash"))(cloud);
      },
      428: async (cloud) => {
        room(cloud, "epeiyzvb").name = "renamed lab";
        await cloud.occWords(["talk:bot:remove", "1", "epeiyzvb"]);
        room(cloud, "epeiyzvb").bots.add(1);
      },
      429: async (cloud) => {
        const poll = recordings.find(({ number }) => number === 429);
        const form = poll?.kind === "http" ? (poll.request.body ?? "") : "";
        cloud.world.logins.set(new URLSearchParams(form).get("token") ?? "", { granted: "alice" });
      },
      434: async (cloud) => {
        makeRoom(cloud, "g3x87ck8", "Talk updates", ["bob"], 4);
        makeRoom(cloud, "x796ncdy", "Note to self", ["bob"], 6);
      },
      439: attempts(11, 31 * 60_000),
      440: attempts(11, 12 * 3_600_000 + 1000),
      441: attempts(1),
      442: reset,
      443: reset,
    },
    keepsPushes: [],
  },
  {
    from: 447,
    to: 465,
    carol: "carol",
    begin: labRooms,
    before: {
      447: (cloud) => cloud.occWords(["talk:bot:state", "1", "0"]),
      453: (cloud) => cloud.occWords(["talk:bot:state", "1", "2"]),
      455: all(at(7), asUser("bob", "epeiyzvb", "a no-setup bot set up by occ hears")),
      457: (cloud) => cloud.occWords(["talk:bot:state", "2", "1", "-f", "none"]),
      459: (cloud) => cloud.occWords(["talk:bot:remove", "2", "epeiyzvb"]),
      460: (cloud) => {
        makeRoom(cloud, "uqn65367", "redirects", ["alice"]);
        for (const status of [301, 302, 307, 308])
          makeBot(cloud.world, {
            name: `Redir ${status}`,
            secret: `redirect-secret-${status}-`.padEnd(50, "0"),
            url: `http://127.0.0.1:29500/talk/redirect/${status}`,
            description: "",
            state: 1,
            features: 3,
          });
      },
      465: (cloud) => {
        makeBot(cloud.world, {
          name: "Inline",
          secret: "inline-secret-".padEnd(50, "0"),
          url: "http://127.0.0.1:29500/talk/inline",
          description: "",
          state: 1,
          features: 3,
        });
        return asBot(8, "uqn65367", "inline reply", { replyTo: 11 })(cloud);
      },
    },
  },
  {
    from: 490,
    to: 507,
    carol: "carol",
    begin: labRooms,
    before: {
      490: asBot(1, "epeiyzvb", "one", {
        referenceId: "dc8ffdbf2736dbdf39508017ac594e0d069f3eee9b0f29ece256aa7d831f9ef6",
      }),
      492: all(at(8), asUser("bob", "ezvz7xf6", "to be edited")),
    },
  },
];
