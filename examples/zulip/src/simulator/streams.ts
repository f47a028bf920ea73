import { idPart, jsonOf, textOf, type Call, type Calls } from "./call.ts";
import { addStream, publish, Refusal, type World } from "./model.ts";
import type { WireStream } from "../wire.ts";

function streamOf(call: Call): WireStream {
  const { world, user } = call;
  const stream = world.streams.get(idPart(call));
  const subscribed = stream && world.subscribers.get(stream.stream_id)?.has(user.user_id);
  if (!stream || (stream.invite_only && !subscribed && !user.is_admin)) throw new Refusal("Invalid channel ID");
  return stream;
}

const byName = (world: World, name: string): WireStream | undefined =>
  [...world.streams.values()].find((stream) => stream.name.toLowerCase() === name.toLowerCase());

function principals(call: Call): readonly number[] {
  const ids = jsonOf<number[]>(call, "principals", [call.user.user_id]);
  for (const id of ids) if (!call.world.users.get(id)?.is_active) throw new Refusal("No such user");
  return ids;
}

/** Subscribers are told, and who may see the channel because it is public. */
function tell(world: World, op: "peer_add" | "peer_remove", stream: WireStream, user: number): void {
  const others = [...(world.subscribers.get(stream.stream_id) ?? [])].filter((id) => id !== user);
  publish(world, others, () => ({ type: "subscription", op, stream_ids: [stream.stream_id], user_ids: [user] }));
}

function subscribe(call: Call): object {
  const { world } = call;
  const subscribed: Record<string, string[]> = {};
  const already_subscribed: Record<string, string[]> = {};
  for (const { name, description } of jsonOf<{ name: string; description?: string }[]>(call, "subscriptions", [])) {
    if (name.length > 60) throw new Refusal("Channel name too long (limit: 60 characters).");
    const stream = byName(world, name) ?? addStream(world, name, description, jsonOf(call, "invite_only", false));
    for (const id of principals(call)) {
      const members = world.subscribers.get(stream.stream_id);
      const into = members?.has(id) ? already_subscribed : subscribed;
      into[id] = [...(into[id] ?? []), stream.name];
      if (members?.has(id)) continue;
      members?.add(id);
      tell(world, "peer_add", stream, id);
    }
  }
  return { subscribed, already_subscribed };
}

function unsubscribe(call: Call): object {
  const { world } = call;
  const removed: string[] = [];
  const not_removed: string[] = [];
  for (const name of jsonOf<string[]>(call, "subscriptions", [])) {
    const stream = byName(world, name);
    if (!stream) throw new Refusal(`Channel '${name}' does not exist`, "STREAM_DOES_NOT_EXIST", 400, { stream: name });
    for (const id of principals(call)) {
      const was = world.subscribers.get(stream.stream_id)?.delete(id) ?? false;
      (was ? removed : not_removed).push(stream.name);
      if (was) tell(world, "peer_remove", stream, id);
    }
  }
  return { removed, not_removed };
}

export const streams: Calls = {
  "GET /streams": ({ world, user }) => ({
    streams: [...world.streams.values()].filter(
      ({ invite_only, stream_id }) =>
        !invite_only || user.is_admin || world.subscribers.get(stream_id)?.has(user.user_id),
    ),
  }),
  "GET /streams/*": (call) => ({ stream: streamOf(call) }),
  "PATCH /streams/*": (call) => {
    const stream = streamOf(call);
    if (!call.user.is_admin) throw new Refusal("Must be an organization administrator", "UNAUTHORIZED_PRINCIPAL");
    const { name, description } = stream;
    const patched = { name: textOf(call, "new_name") ?? name, description: textOf(call, "description") ?? description };
    call.world.streams.set(stream.stream_id, { ...stream, ...patched });
    return {};
  },
  "GET /streams/*/members": (call) => {
    const { stream_id } = streamOf(call);
    const ids = [...(call.world.subscribers.get(stream_id) ?? [])];
    return { subscribers: ids.filter((id) => call.world.users.get(id)?.is_active) };
  },
  "POST /users/me/subscriptions": subscribe,
  "DELETE /users/me/subscriptions": unsubscribe,
  "GET /users/me/*/topics": (call) => {
    const { stream_id, invite_only } = streamOf(call);
    // An administrator knows of every channel, and reads only those they are in.
    if (invite_only && !call.world.subscribers.get(stream_id)?.has(call.user.user_id))
      throw new Refusal("Invalid channel ID");
    const newest = new Map<string, number>();
    for (const message of call.world.messages.values())
      if (message.stream_id === stream_id) newest.set(message.subject, message.id);
    const topics = [...newest].map(([name, max_id]) => ({ name, max_id }));
    return { topics: topics.toSorted((a, b) => b.max_id - a.max_id) };
  },
};
