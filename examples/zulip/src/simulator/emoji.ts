/** A few of what `server_emoji_data_url` leads to; the first name is the one the server wants. */
export const emojiNames: Readonly<Record<string, readonly string[]>> = {
  "1f44d": ["+1", "thumbs_up", "like"],
  "1f44e": ["-1", "thumbs_down"],
  "1f419": ["octopus"],
  "1f389": ["tada"],
  "2764": ["heart", "love"],
};
