/** `narrow` is whom one machine is: an IPv4 address, an IPv6 /64 (RFC 4291, 2.5.1). `wide` is the network around it. Absent for what is no address. */
export const MACHINE_MACROS: readonly string[] = [
  `CREATE OR REPLACE MACRO is_v4(a) AS regexp_full_match(a, '[0-9]+[.][0-9]+[.][0-9]+[.][0-9]+')`,
  `CREATE OR REPLACE MACRO is_v6(a) AS contains(a, ':') AND NOT contains(a, '%')`,
  `CREATE OR REPLACE MACRO written(part) AS list_filter(string_split(part, ':'), lambda word: word <> '')`,
  // The first groups of RFC 5952 text, with the zeros that "::" stands for.
  `CREATE OR REPLACE MACRO v6_prefix(a, groups) AS array_to_string(list_resize(written(split_part(a, '::', 1)), 8 - len(written(split_part(a, '::', 2))), '0')[1:groups], ':') || '::/' || (groups * 16)::VARCHAR`,
  `CREATE OR REPLACE MACRO v4_prefix(a) AS regexp_replace(a, '[0-9]+$', '0/24')`,
  `CREATE OR REPLACE MACRO narrow(a) AS CASE WHEN is_v4(a) THEN a WHEN is_v6(a) THEN v6_prefix(a, 4) END`,
  `CREATE OR REPLACE MACRO wide(a) AS CASE WHEN is_v4(a) THEN v4_prefix(a) WHEN is_v6(a) THEN v6_prefix(a, 3) END`,
];
