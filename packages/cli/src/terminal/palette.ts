/** How wide a picture is, and how far its content is from its edge, in pixels. */
export const PICTURE_WIDTH = 1000;
export const MARGIN = 24;
export const FONT = `font-family="system-ui, 'Segoe UI', 'DejaVu Sans', Arial, sans-serif"`;
export const INK = "#1f2933";
export const QUIET = "#616e7c";
export const LAND = "#e4e7eb";
export const SEA = "#f8fafc";
export const PROVEN = "#1f6fb2";
export const UNPROVEN = "#e39b3b";
export const PAGE = "#ffffff";
/** Colours of what is stacked, which readers with any colour vision tell apart (after Okabe and Ito); the last one is for the rest. */
export const STACK = ["#c8452f", "#1f6fb2", "#d58a00", "#13866a", "#8a5aa8", "#9fb3c8"] as const;
/** The same colours in the dark, for readers of SVG that know of it; the attributes above are what all others see. */
const DARK = [
  [INK, "#e6e9ed"],
  [QUIET, "#9aa5b1"],
  [LAND, "#323a44"],
  [SEA, "#1b2027"],
  [PROVEN, "#5aa9e6"],
  [UNPROVEN, "#e3a857"],
  [PAGE, "#14181d"],
  ["#c8452f", "#ee7762"],
  ["#d58a00", "#f0b13c"],
  ["#13866a", "#3fbf9d"],
  ["#8a5aa8", "#b98ad6"],
  ["#9fb3c8", "#5b6b7c"],
] as const;
export const STYLE: string = `<style>@media (prefers-color-scheme:dark){${DARK.map(([light, dark]) => `[fill="${light}"]{fill:${dark}}[stroke="${light}"]{stroke:${dark}}`).join("")}}</style>`;

/** Of a page around pictures: light or dark as the reader's system is, no script, no other file. */
export const PAGE_HEAD = `<meta charset="utf-8"><meta name="viewport" content="width=device-width">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<style>
:root { color-scheme: light dark; --ink: #1f2933; --quiet: #616e7c; --page: #ffffff; --line: #d5dae0 }
@media (prefers-color-scheme: dark) { :root { --ink: #e6e9ed; --quiet: #9aa5b1; --page: #14181d; --line: #323a44 } }
body { font: 15px/1.5 system-ui, "Segoe UI", "DejaVu Sans", Arial, sans-serif; max-width: 1000px; margin: 24px auto; padding: 0 16px; color: var(--ink); background: var(--page) }
svg { max-width: 100%; height: auto }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; margin-bottom: 24px }
caption { text-align: left; color: var(--quiet); padding: 8px 0 }
th, td { text-align: right; padding: 3px 10px; border-bottom: 1px solid var(--line); font-weight: normal }
thead th { color: var(--quiet) } th:first-child { text-align: left; overflow-wrap: anywhere }
</style>`;
