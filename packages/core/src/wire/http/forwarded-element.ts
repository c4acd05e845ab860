import { readNode } from "../../address/node.ts";
import { FOR, parameterBit, unescape } from "./forwarded-parameter.ts";
import {
  GARBAGE,
  type ListElement,
  namelessKind,
  NODE,
  PIPE,
  skipSpaceAfter,
  skipSpaceBefore,
  OBFUSCATED,
} from "./list.ts";
import { isToken, skipToken } from "./token.ts";

const QUOTE = 34;
const COLON = 58;
const SEMICOLON = 59;
const EQUALS = 61;
const OPEN_BRACKET = 91;
const CLOSE_BRACKET = 93;
const BACKSLASH = 92;
const UNDERSCORE = 95;

/**
 * What real senders write although RFC 7239 has another grammar, and what reads in one way only; by bit. "bad-parameter": a parameter other than `for` whose value is neither a
 * token nor a quoted string, and is skipped (`host=app:8080`, `host=`). "repeated-parameter": one other than `for` that stands there twice. "bare-ipv6": IPv6 in `for` without
 * brackets, or with brackets and without quotes; it has no port.
 */
export const FORWARDED_ODDITIES: readonly string[] = ["bad-parameter", "repeated-parameter", "bare-ipv6"];
const BAD_PARAMETER = 1;
const REPEATED_PARAMETER = 2;
const BARE_IPV6 = 4;

type Kind = typeof NODE | typeof GARBAGE | typeof OBFUSCATED | typeof PIPE;

/**
 * forwarded-element = [ forwarded-pair ] *( ";" [ forwarded-pair ] ) (RFC 7239, 4), with white space around ";" (RFC 9110, 5.6.6). A quote or backslash outside of a complete
 * quoted string is garbage, and so is a second `for`: either may be what is left of a text in which a client wrote elements.
 */
export function readElement(element: ListElement, text: string, from: number, to: number): Kind {
  let at = from;
  let seen = 0;
  let extensions = ";";
  let nodeFrom = -1;
  let nodeTo = -1;
  let isNodeQuoted = false;
  let isNodeEscaped = false;
  while (at < to) {
    at = skipSpaceAfter(text, at, to);
    if (text.charCodeAt(at) === SEMICOLON) {
      at++;
      continue;
    }
    const nameFrom = at;
    at = skipToken(text, at, to);
    const nameTo = at;
    if (nameTo === nameFrom || at === to || text.charCodeAt(at) !== EQUALS) return GARBAGE;
    let valueFrom = ++at;
    let valueTo = at;
    let isEscaped = false;
    const isQuoted = at < to && text.charCodeAt(at) === QUOTE;
    if (isQuoted) {
      valueFrom = ++at;
      for (let code = 0; at < to && (code = text.charCodeAt(at)) !== QUOTE; at++) {
        if (code !== BACKSLASH) continue;
        isEscaped = true;
        at++;
      }
      if (at >= to) return GARBAGE;
      valueTo = at;
      at = skipSpaceAfter(text, at + 1, to);
      if (at < to && text.charCodeAt(at) !== SEMICOLON) return GARBAGE;
    } else {
      for (let code = 0; at < to && (code = text.charCodeAt(at)) !== SEMICOLON; at++) {
        if (code === QUOTE || code === BACKSLASH) return GARBAGE;
      }
      valueTo = skipSpaceBefore(text, valueFrom, at);
    }
    const bit = parameterBit(text, nameFrom, nameTo);
    if (bit === FOR) {
      if ((seen & FOR) !== 0) return GARBAGE;
      nodeFrom = valueFrom;
      nodeTo = valueTo;
      isNodeQuoted = isQuoted;
      isNodeEscaped = isEscaped;
    } else if (!isQuoted && (valueFrom === valueTo || skipToken(text, valueFrom, valueTo) < valueTo)) {
      element.odd |= BAD_PARAMETER;
    }
    if ((seen & bit) !== 0) element.odd |= REPEATED_PARAMETER;
    seen |= bit;
    if (bit === 0) {
      const name = `${text.slice(nameFrom, nameTo).toLowerCase()};`;
      if (extensions.includes(`;${name}`)) element.odd |= REPEATED_PARAMETER;
      extensions += name;
    }
  }
  if (nodeFrom < 0) return seen === 0 && extensions === ";" ? GARBAGE : OBFUSCATED;
  if (!isNodeQuoted) return readUnquotedNode(element, text, nodeFrom, nodeTo);
  if (!isNodeEscaped) return readForwardedNode(element, text, nodeFrom, nodeTo);
  const node = unescape(text.slice(nodeFrom, nodeTo));
  return readForwardedNode(element, node, 0, node.length);
}

/** A token; IPv6 with or without brackets, which no token can hold, and which is whole without quotes if no port is behind it; or nginx's `unix:`. */
function readUnquotedNode(element: ListElement, text: string, from: number, to: number): Kind {
  if (from === to) return GARBAGE;
  if (skipToken(text, from, to) === to) return readForwardedNode(element, text, from, to);
  const isBracketed = text.charCodeAt(from) === OPEN_BRACKET;
  if (isBracketed && text.charCodeAt(to - 1) !== CLOSE_BRACKET) return GARBAGE;
  const kind = readForwardedNode(element, text, from, to);
  if (kind === PIPE) return PIPE;
  if (kind !== NODE || (!isBracketed && (element.odd & BARE_IPV6) === 0)) return GARBAGE;
  element.odd |= BARE_IPV6;
  return NODE;
}

/** node = nodename [ ":" node-port ] (RFC 7239, 6): IPv4, bracketed IPv6, "unknown" or "_name", with a port or an obfuscated one; and IPv6 alone without brackets. */
function readForwardedNode(element: ListElement, text: string, from: number, to: number): Kind {
  const { found } = element;
  element.node = text;
  const first = text.charCodeAt(from);
  if (first === UNDERSCORE)
    return /^_[\w.-]+(?::(?:\d{1,5}|_[\w.-]+))?$/.test(text.slice(from, to)) ? OBFUSCATED : GARBAGE;
  if ((first | 32) === 117) {
    if (/^unknown(?::(?:\d{1,5}|_[\w.-]+))?$/i.test(text.slice(from, to))) return OBFUSCATED;
    return namelessKind(text, from, to);
  }
  const end = obfuscatedPortStart(text, from, to);
  if (!readNode(found, text, from, end)) return GARBAGE;
  if (first !== OPEN_BRACKET && (found.family === 6 || found.mapped)) {
    if (end < to) return GARBAGE;
    element.odd |= BARE_IPV6;
  }
  return NODE;
}

/** Where ":_name" begins at the end of the node (RFC 7239, 6.3), or `to`. Such a port is no number. */
function obfuscatedPortStart(text: string, from: number, to: number): number {
  let at = to - 1;
  while (at > from) {
    const code = text.charCodeAt(at);
    if (code === COLON) return text.charCodeAt(at + 1) === UNDERSCORE && to - at > 2 ? at : to;
    if (!isToken(code)) return to;
    at--;
  }
  return to;
}
