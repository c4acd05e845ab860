import type { Command } from "../terminal/command.ts";
import { readLoopback, type Loopback } from "./loopback.ts";
import { formatCurl, formatJson, formatPlayed, formatStage, formatSummary, type Played } from "./program.ts";
import { findFaults, perform } from "./scene.ts";
import { scenesOf } from "./scenes.ts";
import { openStage, type Stage } from "./stage.ts";
import { createPaint, type Terminal } from "../terminal/terminal.ts";

/** Shows the main job on this machine, and checks itself: exit code 1 if any answer is not the expected one. */
export const demo: Command = {
  summary: "send real and spoofed requests through local proxies, and show the proof for each answer",
  options: {
    json: { type: "boolean", description: "one line of JSON for each request" },
    serve: { type: "boolean", description: "keep running, and print curl commands to try" },
  },
  run: async ({ names }, terminal) =>
    playDemo({ json: names.has("json"), serve: names.has("serve") }, await readLoopback(), terminal),
};

export interface DemoOptions {
  readonly json: boolean;
  readonly serve: boolean;
}

export async function playDemo(options: DemoOptions, loopback: Loopback, terminal: Terminal): Promise<number> {
  // Asked for first, so that Ctrl-C ends the demo in order from here on.
  const interruption = options.serve ? terminal.interruption() : undefined;
  const stage = await openStage(loopback);
  try {
    const wrong = await play(stage, options, terminal);
    if (interruption !== undefined) {
      if (!options.json) for (const line of formatInvitation(stage)) terminal.out(line);
      await interruption;
    }
    return wrong === 0 ? 0 : 1;
  } finally {
    await stage.close();
  }
}

/** Answers how many answers were wrong. */
async function play(stage: Stage, { json }: DemoOptions, terminal: Terminal): Promise<number> {
  const paint = createPaint(terminal.hasColors);
  const { scenes, leftOut } = scenesOf(stage);
  if (!json) for (const line of formatStage(stage, paint)) terminal.out(line);
  const played: Played[] = [];
  for (const scene of scenes) {
    const answer = await perform(scene);
    const one = { scene, answer, faults: findFaults(answer, scene.expected) };
    played.push(one);
    if (json) terminal.out(formatJson(one));
    else for (const line of formatPlayed(one, played.length, paint)) terminal.out(line);
  }
  if (!json) terminal.out(`\n${formatSummary(played, leftOut, paint)}`);
  return played.filter(({ faults }) => faults.length > 0).length;
}

function formatInvitation(stage: Stage): string[] {
  const lines = scenesOf(stage).scenes.map((scene) => `  ${formatCurl(scene)}`);
  return ["", "The demo keeps running until Ctrl-C. Try:", ...new Set(lines)];
}
