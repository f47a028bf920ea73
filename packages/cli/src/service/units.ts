import { shellWord } from "../self.ts";

/** A file for the system that starts services, and what a person does with it. */
export interface Unit {
  readonly file: string;
  readonly text: string;
  readonly todo: readonly string[];
}

const installed = "/usr/local/bin/botyard";

interface Wanted {
  /** Program and arguments: `["/usr/local/bin/botyard"]`. */
  readonly program: readonly string[];
  readonly data: string;
}

const quoted = (word: string): string =>
  /^[\w@%+=:,./-]+$/.test(word) ? word : `"${word.replaceAll(/(["\\])/g, "\\$1")}"`;

/** Runs as a user of its own; the data lies in /var/lib/botyard, whatever this user's place is. */
export function systemd({ program }: Wanted): Unit {
  const [file = ""] = program;
  // Homes are shut for the service, so that what starts it cannot lie in one.
  const moved = program.length === 1 && /^\/(?:home|root|run\/user)\//.test(file);
  // A percent sign is systemd's own.
  const call = [...(moved ? [installed] : program), "serve"]
    .map((word) => quoted(word).replaceAll("%", "%%"))
    .join(" ");
  return {
    file: "/etc/systemd/system/botyard.service",
    text: `[Unit]
Description=Botyard: bots on every chat server you host
Wants=network-online.target
After=network-online.target

[Service]
Type=exec
User=botyard
ExecStart=${call}
Environment=BOTYARD_DATA=/var/lib/botyard
StateDirectory=botyard
StateDirectoryMode=0700
UMask=0077
Restart=on-failure
RestartSec=2
TimeoutStopSec=30
NoNewPrivileges=yes
PrivateTmp=yes
PrivateDevices=yes
ProtectSystem=strict
ProtectHome=yes
ProtectKernelTunables=yes
ProtectControlGroups=yes
RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX

[Install]
WantedBy=multi-user.target
`,
    todo: [
      ...(moved ? [`sudo install -m 755 ${shellWord(file)} ${installed}`] : []),
      "sudo useradd --system --home-dir /var/lib/botyard --shell /usr/sbin/nologin botyard",
      "save it as /etc/systemd/system/botyard.service, then: sudo systemctl daemon-reload && sudo systemctl enable --now botyard",
      'then a key for yourself: sudo -u botyard BOTYARD_DATA=/var/lib/botyard botyard keys create "$USER" --preset admin, and botyard login',
    ],
  };
}

const escaped = (text: string): string => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");

/** For this user: starts at login and again when it ended badly. */
export function launchd({ program, data }: Wanted): Unit {
  const words = [...program, "serve"].map((word) => `    <string>${escaped(word)}</string>`).join("\n");
  return {
    file: "~/Library/LaunchAgents/org.botyard.plist",
    text: `<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<plist version="1.0">
<dict>
  <key>Label</key>
  <string>org.botyard</string>
  <key>ProgramArguments</key>
  <array>
${words}
  </array>
  <key>EnvironmentVariables</key>
  <dict>
    <key>BOTYARD_DATA</key>
    <string>${escaped(data)}</string>
  </dict>
  <key>RunAtLoad</key>
  <true/>
  <key>KeepAlive</key>
  <dict>
    <key>SuccessfulExit</key>
    <false/>
  </dict>
  <key>Umask</key>
  <integer>63</integer>
  <key>StandardErrorPath</key>
  <string>${escaped(data)}/service.log</string>
</dict>
</plist>
`,
    todo: [
      "save it as ~/Library/LaunchAgents/org.botyard.plist, then: launchctl bootstrap gui/$(id -u) ~/Library/LaunchAgents/org.botyard.plist",
    ],
  };
}

const powershell = (text: string): string => `'${text.replaceAll("'", "''")}'`;

/** A scheduled task: Botyard does not speak to the service control manager. */
export function windows({ program, data }: Wanted): Unit {
  const [exe = "", ...rest] = program;
  const args = [...rest, "serve", "--data", data].map((word) => (/[\s"]/.test(word) ? `"${word}"` : word)).join(" ");
  return {
    file: "botyard-task.ps1",
    text: `$action = New-ScheduledTaskAction -Execute ${powershell(exe)} -Argument ${powershell(args)}
$trigger = New-ScheduledTaskTrigger -AtStartup
$settings = New-ScheduledTaskSettingsSet -RestartCount 999 -RestartInterval (New-TimeSpan -Minutes 1) -ExecutionTimeLimit ([TimeSpan]::Zero) -AllowStartIfOnBatteries -DontStopIfGoingOnBatteries
Register-ScheduledTask -TaskName Botyard -Action $action -Trigger $trigger -Settings $settings -User $env:USERNAME -RunLevel Limited
Start-ScheduledTask -TaskName Botyard
`,
    todo: ["save it as botyard-task.ps1 and run it in an elevated PowerShell; undo: Unregister-ScheduledTask Botyard"],
  };
}
