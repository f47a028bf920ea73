import * as accounts from "./accounts.ts";
import * as bots from "./bots.ts";
import * as history from "./history.ts";
import * as members from "./members.ts";
import * as reactions from "./reactions.ts";
import * as teams from "./teams.ts";
import * as webhooks from "./webhooks.ts";
import * as files from "./files.ts";
import * as integrations from "./integrations.ts";
import { isAdmin, noPermission, refuse } from "./model.ts";
import * as places from "./places.ts";
import * as posts from "./posts.ts";
import { admin, fieldsOf, me, ok, type Ask, type Handler, type Reply } from "./request.ts";
import * as tokens from "./tokens.ts";
import { isFields } from "../wire.ts";

function ping({ url }: Ask): Reply {
  const more =
    url.searchParams.get("get_server_status") === "true" ? { database_status: "OK", filestore_status: "OK" } : {};
  return {
    ActiveSearchBackend: "database",
    AndroidLatestVersion: "",
    AndroidMinVersion: "",
    IosLatestVersion: "",
    IosMinVersion: "",
    ...more,
    status: "OK",
  };
}

function clientConfig({ world, user, url }: Ask): Reply {
  if (world.config.icons && url.searchParams.get("format") !== "old")
    return refuse(501, "api.config.client.old_format.app_error");
  const flag = (on: boolean): string => String(on);
  return {
    Version: world.config.version,
    SiteURL: world.site,
    EnableBotAccountCreation: flag(world.config.botCreation),
    ...(user
      ? {
          EnableUserAccessTokens: flag(world.config.userTokens),
          MaxPostSize: String(world.config.maxPostSize),
          MaxFileSize: "104857600",
          ...Object.fromEntries(
            ["EnableCommands", "EnableIncomingWebhooks", "EnableOutgoingWebhooks"].map((name) => [
              name,
              flag(!world.config.off.includes(name)),
            ]),
          ),
        }
      : {}),
  };
}

async function patchConfig(ask: Ask): Promise<Reply> {
  const { ServiceSettings: service } = await fieldsOf(ask);
  admin(ask);
  const { config } = ask.world;
  if (isFields(service)) {
    if (typeof service["EnableBotAccountCreation"] === "boolean")
      config.botCreation = service["EnableBotAccountCreation"];
    if (typeof service["EnableUserAccessTokens"] === "boolean") config.userTokens = service["EnableUserAccessTokens"];
  }
  ask.world.tell("config_changed", { config: {} }, {});
  return { ServiceSettings: {} };
}

const icons =
  (handler: Handler): Handler =>
  (ask) =>
    ask.world.config.icons ? handler(ask) : refuse(404, "api.context.404.app_error");

const tokenLife =
  (handler: Handler): Handler =>
  (ask) =>
    ask.world.config.tokenLife ? handler(ask) : refuse(404, "api.context.404.app_error");

/** The form of a fact: `{user}` is an id or `me`, `{name}` a name. */
export const routes: readonly (readonly [method: string, pattern: string, handler: Handler])[] = [
  ["GET", "/system/ping", ping],
  ["GET", "/config/client", clientConfig],
  ["PUT", "/config/patch", patchConfig],
  ["GET", "/config", (ask) => (isAdmin(me(ask)) ? {} : noPermission())],
  ["POST", "/bots", bots.createBot],
  ["GET", "/bots", bots.listBots],
  ["GET", "/bots/{bot}", bots.getBot],
  ["PUT", "/bots/{bot}", bots.patchBot],
  ["POST", "/bots/{bot}/disable", (ask) => bots.switchBot(ask, false)],
  ["POST", "/bots/{bot}/enable", (ask) => bots.switchBot(ask, true)],
  ["POST", "/bots/{bot}/assign/{user}", bots.assignBot],
  ["POST", "/bots/{bot}/convert_to_user", bots.botToUser],
  ["GET", "/bots/{bot}/icon", icons(files.getIcon)],
  ["POST", "/bots/{bot}/icon", icons(files.setIcon)],
  ["DELETE", "/bots/{bot}/icon", icons(files.deleteIcon)],
  ["POST", "/users", accounts.createUser],
  ["GET", "/users", accounts.listUsers],
  ["POST", "/users/login", accounts.login],
  ["POST", "/users/ids", accounts.usersByIds],
  ["POST", "/users/search", accounts.searchUsers],
  ["GET", "/users/tokens", tokens.listAllTokens],
  ["POST", "/users/tokens/search", tokens.searchTokens],
  ["POST", "/users/tokens/rotate", tokenLife(tokens.rotateToken)],
  ["POST", "/users/tokens/disable", (ask) => tokens.switchToken(ask, "disable")],
  ["POST", "/users/tokens/enable", (ask) => tokens.switchToken(ask, "enable")],
  ["POST", "/users/tokens/revoke", (ask) => tokens.switchToken(ask, "revoke")],
  ["GET", "/users/tokens/{token}", tokens.getToken],
  ["GET", "/users/username/{name}", accounts.getUserByName],
  ["GET", "/users/{user}", accounts.getUser],
  ["PUT", "/users/{user}/active", accounts.setActive],
  ["DELETE", "/users/{user}", accounts.deleteUser],
  ["PUT", "/users/{user}/roles", accounts.setRoles],
  [
    "PUT",
    "/users/{user}/patch",
    (ask) => (ask.world.bots.has(me(ask).id) ? noPermission() : refuse(501, "simulator.not_kept")),
  ],
  ["POST", "/users/{user}/convert_to_bot", bots.userToBot],
  ["GET", "/users/{user}/tokens", tokens.listTokens],
  ["POST", "/users/{user}/tokens", tokens.createToken],
  ["GET", "/users/{user}/sessions", tokens.listSessions],
  ["GET", "/users/{user}/image", files.getImage],
  ["POST", "/users/{user}/image", files.setImage],
  ["DELETE", "/users/{user}/image", files.deleteImage],
  ["GET", "/users/{user}/status", accounts.getStatus],
  ["PUT", "/users/{user}/status", accounts.setStatus],
  ["PUT", "/users/{user}/status/custom", accounts.setCustomStatus],
  ["DELETE", "/users/{user}/status/custom", accounts.clearCustomStatus],
  ["POST", "/users/{user}/typing", reactions.typing],
  ["GET", "/users/{user}/teams", teams.teamsOf],
  ["GET", "/users/{user}/channels", teams.channelsOf],
  ["GET", "/users/{user}/teams/{team}/channels", teams.channelsOf],
  ["DELETE", "/users/{user}/posts/{post}/reactions/{name}", reactions.removeReaction],
  ["POST", "/roles/names", accounts.rolesByNames],
  ["POST", "/teams", teams.createTeam],
  ["GET", "/teams/name/{name}", teams.teamByName],
  ["GET", "/teams/name/{name}/channels/name/{channelName}", places.channelByName],
  ["GET", "/teams/{team}", teams.getTeam],
  ["PUT", "/teams/{team}/patch", teams.patchTeam],
  ["GET", "/teams/{team}/channels/name/{channelName}", places.channelByName],
  ["GET", "/teams/{team}/members", teams.teamMembers],
  ["POST", "/teams/{team}/members", teams.addTeamMember],
  ["GET", "/teams/{team}/members/{user}", teams.teamMember],
  ["DELETE", "/teams/{team}/members/{user}", teams.removeTeamMember],
  ["POST", "/channels", places.createChannel],
  ["POST", "/channels/direct", places.openDirect],
  ["POST", "/channels/group", places.openGroup],
  ["POST", "/channels/members/{user}/view", members.viewChannel],
  ["GET", "/channels/{channel}", places.getChannel],
  ["PUT", "/channels/{channel}/patch", places.patchChannel],
  ["DELETE", "/channels/{channel}", places.archiveChannel],
  ["GET", "/channels/{channel}/members", members.listMembers],
  ["POST", "/channels/{channel}/members", members.addMember],
  ["GET", "/channels/{channel}/members/{user}", members.getMember],
  ["DELETE", "/channels/{channel}/members/{user}", members.removeMember],
  ["PUT", "/channels/{channel}/members/{user}/roles", members.setMemberRoles],
  ["GET", "/channels/{channel}/posts", history.listPosts],
  ["GET", "/channels/{channel}/pinned", history.listPinned],
  ["POST", "/posts", posts.createPost],
  ["POST", "/posts/ephemeral", history.createEphemeral],
  ["GET", "/posts/{post}", posts.getPost],
  ["PUT", "/posts/{post}/patch", posts.patchPost],
  ["DELETE", "/posts/{post}", posts.deletePost],
  ["POST", "/posts/{post}/pin", (ask) => posts.pinPost(ask, true)],
  ["POST", "/posts/{post}/unpin", (ask) => posts.pinPost(ask, false)],
  ["GET", "/posts/{post}/reactions", reactions.listReactions],
  ["POST", "/posts/{post}/actions/{action}", integrations.doAction],
  ["POST", "/reactions", reactions.addReaction],
  ["POST", "/files", files.uploadFile],
  ["GET", "/files/{file}", files.getFile],
  ["GET", "/files/{file}/info", files.fileInfo],
  ["POST", "/commands", integrations.createCommand],
  ["GET", "/commands", integrations.listCommands],
  ["POST", "/commands/execute", integrations.executeCommand],
  ["GET", "/commands/{command}", integrations.getCommand],
  ["DELETE", "/commands/{command}", integrations.deleteCommand],
  ["PUT", "/commands/{command}/regen_token", integrations.regenerateToken],
  ["POST", "/actions/dialogs/open", integrations.openDialog],
  ["POST", "/actions/dialogs/submit", integrations.submitDialog],
  ["POST", "/hooks/incoming", webhooks.createIncoming],
  ["GET", "/hooks/incoming", webhooks.listIncoming],
  ["GET", "/hooks/incoming/{hook}", webhooks.getIncoming],
  ["DELETE", "/hooks/incoming/{hook}", webhooks.deleteIncoming],
  ["POST", "/hooks/outgoing", webhooks.createOutgoing],
  ["GET", "/hooks/outgoing", webhooks.listOutgoing],
  ["DELETE", "/hooks/outgoing/{hook}", webhooks.deleteOutgoing],
  ["POST", "/users/logout", () => ok],
];

/** Outside of the API: addresses that are their own credential. */
export const openRoutes: readonly (readonly [method: string, pattern: string, handler: Handler])[] = [
  ["POST", "/hooks/commands/{answer}", integrations.answerCommand],
  ["POST", "/hooks/{hook}", webhooks.postIncoming],
];
