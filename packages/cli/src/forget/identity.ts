import { createHmac } from "node:crypto";
import type { Rewrite } from "./file-lines.ts";

/** Whom to forget. */
export interface Identity {
  readonly user: string | undefined;
  readonly address: string | undefined;
}

/** Members of an event in which a name is a user's: elsewhere the same text is another word, such as an outcome. */
const USER_MEMBERS: readonly string[] = ["user", "entity"];

/** Whether a parsed event is about them: a user by `user`, `related.user` or the entity of a finding, an address wherever it stands, in sentences as well. */
function isAbout(event: unknown, identity: Identity, member = "", isUser = false): boolean {
  if (typeof event === "string") {
    if (isUser && event === identity.user) return true;
    const { address } = identity;
    return address !== undefined && (event === address || (member === "message" && mentionOf(address).test(event)));
  }
  if (typeof event !== "object" || event === null) return false;
  return Object.entries(event).some(([name, each]) =>
    isAbout(each, identity, Array.isArray(event) ? member : name, isUser || USER_MEMBERS.includes(name)),
  );
}

/** Where a sentence names them: not as a part of another word, address or network. */
function mentionOf(name: string): RegExp {
  return new RegExp(`(?<![\\w.:-])${name.replace(/[^\w]/g, "\\$&")}(?![\\w/-]|[.:]\\w)`, "g");
}

/** Leaves out every line that is about them. */
export function eraseLines(identity: Identity): Rewrite {
  return (line) => (isAbout(parse(line), identity) ? undefined : line);
}

/** Writes a name of 132 bits, made with the key, in the place of theirs: in fields, and in sentences as a word of its own. Fields of addresses are left out, which hold nothing else. */
export function pseudonymizeLines(identity: Identity, key: string): Rewrite {
  const nameOf = (text: string): string =>
    `forgotten-${createHmac("sha256", key).update(text).digest("base64url").slice(0, 22)}`;
  const replace = (value: unknown, member: string, isUser: boolean): unknown => {
    if (typeof value === "string") return replaceText(value, member, isUser);
    if (Array.isArray(value))
      return value.map((each: unknown) => replace(each, member, isUser)).filter((each) => each !== undefined);
    if (typeof value !== "object" || value === null) return value;
    return Object.fromEntries(
      Object.entries(value).flatMap(([name, each]) => {
        const after = replace(each, name, isUser || USER_MEMBERS.includes(name));
        return after === undefined && each !== undefined ? [] : [[name, after]];
      }),
    );
  };
  const replaceText = (text: string, member: string, isUser: boolean): string | undefined => {
    const { user, address } = identity;
    if (member === "message") {
      const names = [user ?? "", address ?? ""].filter((name) => name !== "");
      return names.reduce((sentence, name) => sentence.replace(mentionOf(name), nameOf(name)), text);
    }
    if (address !== undefined && text === address) {
      return member === "ip" || member === "forwarded_ip" ? undefined : nameOf(address);
    }
    return isUser && user !== undefined && text === user ? nameOf(user) : text;
  };
  return (line) => {
    const event = parse(line);
    return isAbout(event, identity) ? JSON.stringify(replace(event, "", false)) : line;
  };
}

function parse(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
