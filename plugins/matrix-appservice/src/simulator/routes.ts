import type { JsonObject } from "../wire.ts";
import * as accounts from "./accounts.ts";
import * as directory from "./directory.ts";
import * as ephemeral from "./ephemeral.ts";
import * as media from "./media.ts";
import * as messages from "./messages.ts";
import { requester, type Call, type Handler } from "./request.ts";
import * as publishing from "./publishing.ts";
import * as rooms from "./rooms.ts";
import * as state from "./state.ts";
import { sync } from "./sync.ts";
import { refuse } from "./model.ts";

/** What the recorded server claims; features it has beyond that are not listed there either. */
const versions: JsonObject = {
  versions: [
    "r0.0.1",
    "r0.1.0",
    "r0.2.0",
    "r0.3.0",
    "r0.4.0",
    "r0.5.0",
    "r0.6.0",
    "r0.6.1",
    ...Array.from({ length: 12 }, (_, at) => `v1.${at + 1}`),
  ],
  unstable_features: { "org.matrix.label_based_filtering": true, "org.matrix.msc3030": false },
};

const capabilities = (call: Call): JsonObject => {
  requester(call);
  const available = Object.fromEntries(Array.from({ length: 12 }, (_, at) => [String(at + 1), "stable"]));
  return {
    capabilities: {
      "m.room_versions": { default: rooms.defaultVersion, available },
      "m.change_password": { enabled: true },
    },
  };
};

const client = "/_matrix/client/v3";

/** Method and path, `{name}` for one part; `v3` paths are served under `r0` as well. */
export const routes: readonly (readonly [method: string, pattern: string, handler: Handler])[] = [
  ["GET", "/_matrix/client/versions", () => versions],
  ["GET", "/.well-known/matrix/client", ({ url }) => ({ "m.homeserver": { base_url: `${url.origin}/` } })],
  ["GET", `${client}/capabilities`, capabilities],
  [
    "GET",
    `${client}/login`,
    () => ({ flows: [{ type: "m.login.password" }, { type: "m.login.application_service" }] }),
  ],
  ["POST", `${client}/login`, accounts.login],
  ["POST", `${client}/register`, accounts.register],
  ["GET", `${client}/register/available`, accounts.available],
  ["GET", `${client}/account/whoami`, accounts.whoami],
  ["POST", `${client}/account/deactivate`, accounts.deactivate],
  ["GET", `${client}/profile/{user}`, accounts.getProfile],
  ["GET", `${client}/profile/{user}/{field}`, accounts.getProfile],
  ["PUT", `${client}/profile/{user}/{field}`, accounts.putProfile],
  ["DELETE", `${client}/profile/{user}/{field}`, accounts.deleteProfile],
  ["POST", `${client}/createRoom`, rooms.createRoom],
  ["POST", `${client}/join/{room}`, rooms.joinRoom],
  ["POST", `${client}/rooms/{room}/join`, rooms.joinRoom],
  ["POST", `${client}/knock/{room}`, rooms.knockRoom],
  ["PUT", `${client}/rooms/{room}/typing/{user}`, ephemeral.typing],
  ["POST", `${client}/rooms/{room}/receipt/{type}/{event}`, ephemeral.postReceipt],
  ["POST", `${client}/rooms/{room}/read_markers`, ephemeral.readMarkers],
  ["PUT", `${client}/presence/{user}/status`, ephemeral.putPresence],
  ["GET", `${client}/presence/{user}/status`, ephemeral.getPresence],
  ["GET", `${client}/user/{user}/account_data/{type}`, ephemeral.getAccountData],
  ["PUT", `${client}/user/{user}/account_data/{type}`, ephemeral.putAccountData],
  ["GET", `${client}/rooms/{room}/context/{event}`, messages.getContext],
  ["GET", `${client}/rooms/{room}/aliases`, publishing.roomAliases],
  ["GET", `${client}/directory/list/room/{room}`, publishing.getVisibility],
  ["PUT", `${client}/directory/list/room/{room}`, publishing.putVisibility],
  ["PUT", `${client}/directory/list/appservice/{network}/{room}`, publishing.networkVisibility],
  ["DELETE", `${client}/directory/list/appservice/{network}/{room}`, publishing.networkVisibility],
  ["GET", `${client}/publicRooms`, publishing.publicRooms],
  ["POST", `${client}/publicRooms`, publishing.publicRooms],
  ["POST", `${client}/user_directory/search`, publishing.searchUsers],
  ["GET", `${client}/thirdparty/protocols`, publishing.protocols],
  ["GET", `${client}/thirdparty/protocol/{protocol}`, publishing.protocols],
  ...["user", "location"].flatMap((kind) =>
    ["", "/{protocol}"].map((rest) => ["GET", `${client}/thirdparty/${kind}${rest}`, publishing.thirdParty] as const),
  ),
  ["POST", "/_matrix/client/unstable/org.matrix.msc2716/rooms/{room}/batch_send", publishing.batchSend],
  ...["invite", "leave", "kick", "ban", "unban", "forget"].map(
    (action) =>
      [
        "POST",
        `${client}/rooms/{room}/${action}`,
        (call: Call) => rooms.act({ ...call, params: { ...call.params, action } }),
      ] as const,
  ),
  ["GET", `${client}/joined_rooms`, rooms.joinedRooms],
  ["GET", `${client}/rooms/{room}/joined_members`, rooms.joinedMembers],
  ["GET", `${client}/rooms/{room}/members`, state.getMembers],
  ["GET", `${client}/rooms/{room}/state`, state.getAllState],
  ["GET", `${client}/rooms/{room}/state/{type}`, state.getState],
  ["GET", `${client}/rooms/{room}/state/{type}/{key}`, state.getState],
  ["PUT", `${client}/rooms/{room}/state/{type}`, state.putState],
  ["PUT", `${client}/rooms/{room}/state/{type}/{key}`, state.putState],
  ["PUT", `${client}/rooms/{room}/send/{type}/{txn}`, messages.send],
  ["POST", `${client}/rooms/{room}/send/{type}`, messages.send],
  ["PUT", `${client}/rooms/{room}/redact/{event}/{txn}`, messages.redact],
  ["GET", `${client}/rooms/{room}/event/{event}`, messages.getEvent],
  ["GET", `${client}/rooms/{room}/messages`, messages.getMessages],
  ...["", "/{relType}", "/{relType}/{type}"].map(
    (rest) => ["GET", `/_matrix/client/v1/rooms/{room}/relations/{event}${rest}`, messages.getRelations] as const,
  ),
  ["GET", `${client}/directory/room/{alias}`, directory.getAlias],
  ["PUT", `${client}/directory/room/{alias}`, directory.putAlias],
  ["DELETE", `${client}/directory/room/{alias}`, directory.deleteAlias],
  ["GET", `${client}/sync`, sync],
  ["POST", "/_matrix/media/v3/upload", media.upload],
  ["POST", "/_matrix/media/v1/create", media.create],
  ["PUT", "/_matrix/media/v3/upload/{server}/{id}", media.fill],
  ["GET", "/_matrix/media/v3/download/{server}/{id}", () => refuse(404, "M_NOT_FOUND", "Not found")],
  ["GET", "/_matrix/client/v1/media/download/{server}/{id}", media.download],
  ["GET", "/_matrix/client/v1/media/config", media.config],
  ["GET", "/_matrix/media/v3/config", media.config],
];
