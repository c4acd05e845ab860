/** What a suggestion can go by. The words for people are in `detail`. */
export type AddressFaultKind =
  | "empty"
  | "comma"
  | "white-space"
  /** `[v6]`, as in a URL. */
  | "brackets"
  /** `v4:port`; of IPv6 a port cannot be told from a group. */
  | "port"
  /** A word or a host name. */
  | "name"
  /** `10.0.0.*`. */
  | "wildcard"
  /** An octet that other programs read: octal, hexadecimal, too few octets, one integer (inet_aton(3)). */
  | "notation"
  | "octet"
  | "colon"
  | "group"
  | "zone";

/** Why a text is no address. */
export interface AddressFault {
  readonly kind: AddressFaultKind;
  /** Which part is wrong and why, to stand behind "is no address: ". */
  readonly detail: string;
}
