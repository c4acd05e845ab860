import { appendFileSync } from "node:fs";
import { createHash } from "node:crypto";
import { addressKeys, userKeys } from "@wherefrom/audit/internal";
import { parseAddress } from "@wherefrom/core";
import { unreadableFile } from "../events/event-files.ts";
import type { Command } from "../terminal/command.ts";
import { formatMany } from "../terminal/number-text.ts";
import { fail, refuse } from "../terminal/terminal.ts";
import { rewriteLines } from "./file-lines.ts";
import { eraseLines, pseudonymizeLines } from "./identity.ts";
import { removeKeys } from "./redis-keys.ts";

/** Shortest key of pseudonyms, in characters: with a shorter one they can be found out by trying. */
const KEY_LEAST = 16;
const PROGRAM = "wherefrom forget";

/** One user or one address, in files and in Redis. */
export const forget: Command = {
  summary: "erase or pseudonymise one user or one address, in files of events and in Redis",
  words: "[FILES...]",
  options: {
    user: { type: "string", value: "ID", description: "the user's id, as it stands in user.id" },
    address: { type: "string", value: "ADDRESS", description: "the client's address" },
    "pseudonym-key": {
      type: "string",
      value: "KEY",
      description: "keep the lines, and write a name made with this key in place of theirs",
    },
    redis: {
      type: "string",
      value: "URL",
      description: "remove what a SharedLoginGuard keeps there, too: redis://HOST:PORT",
    },
    "key-prefix": { type: "string", value: "TEXT", description: "what its keys begin with; default wherefrom:" },
    record: {
      type: "string",
      value: "FILE",
      description: "the file to which a line is added that says it was done; default wherefrom-forgotten.jsonl",
    },
  },
  run: async ({ values, words }, terminal) => {
    const { user, address: given, redis, record = "wherefrom-forgotten.jsonl" } = values;
    const key = values["pseudonym-key"];
    const prefix = values["key-prefix"] ?? "wherefrom:";
    if ((user === undefined) === (given === undefined))
      return refuse("Whom? Give one of --user ID and --address ADDRESS.", PROGRAM, terminal);
    if (words.length === 0 && redis === undefined)
      return refuse("Where? Give files, --redis URL, or both.", PROGRAM, terminal);
    const address = given === undefined ? undefined : parseAddress(given);
    if (given !== undefined && address === undefined) return refuse(`"${given}" is no address.`, PROGRAM, terminal);
    if (key !== undefined && key.length < KEY_LEAST)
      return refuse(`--pseudonym-key needs ${KEY_LEAST} characters at least.`, PROGRAM, terminal);
    if (redis !== undefined && !(URL.canParse(redis) && new URL(redis).protocol === "redis:"))
      return refuse("--redis is a URL such as redis://127.0.0.1:6379.", PROGRAM, terminal);
    const trouble = unreadableFile(words);
    if (trouble !== undefined) return fail(trouble, terminal);
    const packed = words.find((file) => /\.(gz|zst)$/.test(file));
    if (packed !== undefined)
      return fail(`"${packed}" is packed: unpack it first, and pack it again afterwards.`, terminal);
    const identity = { user, address: address?.text };
    const rewrite = key === undefined ? eraseLines(identity) : pseudonymizeLines(identity, key);
    let lines = 0;
    for (const file of words) lines += await rewriteLines(file, rewrite);
    const keys = user === undefined ? addressKeys(identity.address ?? "") : userKeys(user);
    let removed = 0;
    try {
      if (redis !== undefined)
        removed = await removeKeys(
          new URL(redis),
          keys.map((each) => `${prefix}${each}`),
        );
    } catch (error) {
      return fail(
        `Files are done (${formatMany(lines, "line", "lines")}). Redis is not: ${(error as Error).message}`,
        terminal,
      );
    }
    // Who it was is what was to be forgotten: their hash lets a person who asks again be answered.
    const subject = `sha256:${createHash("sha256")
      .update(user ?? identity.address ?? "")
      .digest("hex")}`;
    const what = {
      "@timestamp": new Date().toISOString(),
      event: { action: "forget", kind: "event", category: ["configuration"], type: ["deletion"] },
    };
    appendFileSync(
      record,
      `${JSON.stringify({ ...what, wherefrom: { subject, how: key === undefined ? "erased" : "pseudonymised", files: words, lines, redisKeys: removed } })}\n`,
      { mode: 0o600 },
    );
    terminal.out(
      `${formatMany(lines, "line was", "lines were")} ${key === undefined ? "erased" : "pseudonymised"} in ${formatMany(words.length, "file", "files")}${redis === undefined ? "" : `, ${formatMany(removed, "key was", "keys were")} removed from Redis`}. ${record} says that it was done.`,
    );
    return 0;
  },
};
