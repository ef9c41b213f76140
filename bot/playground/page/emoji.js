// The emoji that the page knows by name; others stay as written (":name:").

export const EMOJI = new Map(Object.entries({
  white_check_mark: "✅", heavy_check_mark: "✔️", x: "❌", warning: "⚠️", rotating_light: "🚨", fire: "🔥",
  hourglass: "⌛", hourglass_flowing_sand: "⏳", eyes: "👀", mag: "🔍", bell: "🔔", memo: "📝", pushpin: "📌", link: "🔗",
  lock: "🔒", key: "🔑", gear: "⚙️", hammer_and_wrench: "🛠️", wrench: "🔧", zap: "⚡", bulb: "💡", question: "❓",
  grey_question: "❔", exclamation: "❗", information_source: "ℹ️", no_entry: "⛔", no_entry_sign: "🚫", stopwatch: "⏱️",
  large_green_circle: "🟢", large_yellow_circle: "🟡", large_orange_circle: "🟠", red_circle: "🔴", white_circle: "⚪",
  large_blue_circle: "🔵", arrows_counterclockwise: "🔄", repeat: "🔁", outbox_tray: "📤", inbox_tray: "📥",
  clipboard: "📋", ticket: "🎫", calendar: "📆", tada: "🎉", wave: "👋", pray: "🙏", raised_hands: "🙌", raised_hand: "✋", "+1": "👍",
  thumbsup: "👍", "-1": "👎", thinking_face: "🤔", sweat_smile: "😅", smile: "😄", slightly_smiling_face: "🙂",
  heart: "❤️", rocket: "🚀", robot_face: "🤖", sos: "🆘", point_right: "👉", point_up: "☝️", speech_balloon: "💬",
}));
