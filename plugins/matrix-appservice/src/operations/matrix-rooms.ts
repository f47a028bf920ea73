import type { Context } from "../context.ts";
import { setState } from "../methods/actor.ts";
import { getJoinedRooms } from "../methods/people.ts";
import * as rooms from "../methods/rooms.ts";
import { isObject, type WireCreateRoom } from "../wire.ts";
import { BotyardError } from "@botyard/sdk";
import type * as roomsOperations from "../native/rooms.ts";
import type * as directoryOperations from "../native/directory.ts";
import { actorIn, inTheRoom, isThere, type MatrixOf } from "./acting.ts";

type InitialState = NonNullable<WireCreateRoom["initial_state"]>;

function initialState(events: readonly Readonly<Record<string, unknown>>[]): InitialState {
  return events.map(({ type, state_key: key, content }) => {
    if (typeof type !== "string" || !isObject(content))
      throw new BotyardError("invalid", "an entry of initialState is no event", {
        issues: [{ path: "initialState", expected: "{type, state_key?, content}" }],
      });
    return { type, content, ...(typeof key === "string" ? { state_key: key } : {}) };
  });
}

export const matrixRooms = (
  context: Context,
): MatrixOf<typeof roomsOperations> & MatrixOf<typeof directoryOperations> => {
  const { prepare } = inTheRoom(context);
  return {
    "matrix.set-room-name": {
      prepare,
      run: async ({ room, name, ...written }, call) => ({
        event: await rooms.setName(await actorIn(context, call), room, name, written),
      }),
    },
    "matrix.set-room-topic": {
      prepare,
      run: async ({ room, topic, ...written }, call) => ({
        event: await rooms.setTopic(await actorIn(context, call), room, topic, written),
      }),
    },
    "matrix.set-room-avatar": {
      prepare,
      run: async ({ room, url, ...written }, call) => ({
        event: await rooms.setAvatar(await actorIn(context, call), room, url ?? null, written),
      }),
    },
    "matrix.set-join-rule": {
      prepare,
      run: async ({ room, rule, ...written }, call) => ({
        event: await rooms.setJoinRule(await actorIn(context, call), room, rule, written),
      }),
    },
    "matrix.get-power-levels": async ({ room, ignoreCache }, call) => ({
      levels: { ...(await rooms.getPowerLevels(await actorIn(context, call), room, ignoreCache)) },
    }),
    "matrix.set-power-levels": {
      prepare,
      run: async ({ room, levels, ...written }, call) => ({
        event: await rooms.setPowerLevels(await actorIn(context, call), room, levels, written),
      }),
    },
    "matrix.get-pinned-messages": async ({ room }, call) => ({
      events: [...(await rooms.getPins(await actorIn(context, call), room))],
    }),
    "matrix.set-pinned-messages": {
      prepare,
      run: async ({ room, events, ...written }, call) => ({
        event: await rooms.setPins(await actorIn(context, call), room, events, written),
      }),
    },
    "matrix.pin-message": {
      prepare,
      run: async ({ room, event }, call) => ({ pinned: await rooms.pin(await actorIn(context, call), room, event) }),
    },
    "matrix.unpin-message": {
      prepare,
      run: async ({ room, event }, call) => ({
        unpinned: await rooms.unpin(await actorIn(context, call), room, event),
      }),
    },
    "matrix.send-state-event": {
      prepare,
      run: async ({ room, type, stateKey = "", content, ...written }, call) => ({
        event: await setState(await actorIn(context, call), room, type, stateKey, content, written),
      }),
    },
    "matrix.get-state-event": async ({ room, type, stateKey }, call) => {
      const content = await rooms.getState(await actorIn(context, call), room, type, stateKey);
      if (content === undefined) throw new BotyardError("not_found", `the room has no ${type} with this state key`);
      return { content: { ...content } };
    },
    "matrix.get-state": async ({ room }, call) => ({
      events: (await rooms.getAllState(await actorIn(context, call), room)).map((event) => ({ ...event })),
    }),
    "matrix.create-room": {
      prepare: isThere(context),
      async run(wish, call) {
        const { name, topic, preset, visibility, aliasName, version, invite, direct, creationContent } = wish;
        const room = await rooms.createRoom(await actorIn(context, call), {
          ...(name === undefined ? {} : { name }),
          ...(topic === undefined ? {} : { topic }),
          ...(preset === undefined ? {} : { preset }),
          ...(visibility === undefined ? {} : { visibility }),
          ...(aliasName === undefined ? {} : { room_alias_name: aliasName }),
          ...(version === undefined ? {} : { room_version: version }),
          ...(invite === undefined ? {} : { invite }),
          ...(direct === undefined ? {} : { is_direct: direct }),
          ...(creationContent === undefined ? {} : { creation_content: creationContent }),
          ...(wish.initialState === undefined ? {} : { initial_state: initialState(wish.initialState) }),
          ...(wish.powerLevels === undefined ? {} : { power_level_content_override: wish.powerLevels }),
        });
        return { room };
      },
    },
    "matrix.add-alias": async ({ room, alias, override }, call) => ({
      added: await rooms.addAlias(await actorIn(context, call), room, alias, override),
    }),
    "matrix.remove-alias": async ({ alias }, call) => ({
      removed: await rooms.removeAlias(await actorIn(context, call), alias),
    }),
    "matrix.resolve-alias": async ({ alias }, call) => ({
      room: await rooms.resolveAlias(await actorIn(context, call), alias),
    }),
    "matrix.get-aliases": async ({ room }, call) => ({
      aliases: [...(await rooms.getAliases(await actorIn(context, call), room))],
    }),
    "matrix.get-joined-rooms": async (_, call) => ({
      rooms: [...(await getJoinedRooms(await actorIn(context, call)))],
    }),
    "matrix.get-visibility": async ({ room }, call) => ({
      visibility: await rooms.getVisibility(await actorIn(context, call), room),
    }),
    "matrix.set-visibility": async ({ room, visibility, network }, call) => {
      await rooms.setVisibility(await actorIn(context, call), room, visibility, network);
      return { visibility };
    },
  };
};
