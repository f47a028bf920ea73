import { testPlatform, type Place } from "@botyard/testing";
import platform from "../src/index.ts";
import { createSimulator } from "../src/simulator/index.ts";

function connect(): Place {
  const simulator = createSimulator();
  const { room_id } = simulator.addRoom("lobby");
  const alice = simulator.addUser("alice", room_id);
  return {
    url: "https://pigeon.example.org",
    credentials: { "admin-key": simulator.adminKey },
    settings: { pollMs: 1000 },
    fetch: simulator.fetch,
    drive: () => ({
      room: "lobby",
      person: alice.user_id,
      echoes: true,
      mention: (username) => `@${username}`,
      say: async (room, text) => simulator.say(room, alice, text),
      transcript: async (room) => simulator.transcript(room),
      loseAnswer: async () => simulator.loseAnswer(),
      cut: async () => simulator.cut(),
    }),
  };
}

testPlatform("pigeon", { platform, connect });
