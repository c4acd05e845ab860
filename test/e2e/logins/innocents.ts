import type { Dice } from "./dice.ts";
import { HOUR_MS, type Login, type Size } from "./truth.ts";
import { OPERATORS, type Operator, operatorsOf, v4, v6 } from "./world.ts";

export interface User {
  readonly id: string;
  readonly number: number;
  readonly home: Operator;
  readonly country: string;
  readonly mobile: Operator;
  readonly desktop: string;
  readonly phone: string;
  readonly hasIPv6: boolean;
  /** Behind a provider's NAT, with 31 others. */
  readonly isNatted: boolean;
  readonly office: number | undefined;
  readonly vpn: Operator | undefined;
  /** When they fly, and where to. */
  readonly flight: { readonly leaves: number; readonly lands: number; readonly to: Operator } | undefined;
}

const OFFICES = 20;
/** Logins of a user in a day. */
const DAILY = 9;
const COUNTRIES = 10;
const KM_PER_HOUR = 850;

export function drawUsers(dice: Dice, { users, days, countries = 1 }: Size): readonly User[] {
  const homes = operatorsOf("home").filter(({ octet }) => octet < 20 + Math.ceil(COUNTRIES * countries) * 4);
  const vpns = OPERATORS.filter(({ kind }) => kind === "vpn" || kind === "hidden-vpn");
  return Array.from({ length: users }, (_, number) => {
    const home = dice.pick(homes);
    const country = home.place.country ?? "";
    const flies = dice.chance(0.02);
    const to = dice.pick(homes.filter((each) => each.place.country !== country));
    const leaves = dice.between(0.5, Math.max(1, days - 1)) * 24 * HOUR_MS;
    const hours = 3 + flightKm(home, to) / KM_PER_HOUR;
    return {
      id: `user${number}`,
      number,
      home,
      country,
      mobile: operatorsOf("mobile", country)[0] as Operator,
      desktop: `Mozilla/5.0 (${dice.pick(["X11; Linux x86_64", "Windows NT 10.0; Win64", "Macintosh; Intel Mac OS X"])}) ${dice.pick(["Chrome", "Firefox", "Safari", "Edge"])}/142.0 build-${dice.pick(LETTERS)}`,
      phone: `Mozilla/5.0 (${dice.pick(["iPhone; iOS 19", "Android 16; Pixel", "Android 16; Galaxy"])}) Mobile/${dice.pick(LETTERS)}`,
      hasIPv6: dice.chance(0.3),
      isNatted: dice.chance(0.2),
      office: dice.chance(0.3) ? dice.whole(0, OFFICES - 1) : undefined,
      vpn: dice.chance(0.05) ? dice.pick(vpns) : undefined,
      flight: flies ? { leaves, lands: leaves + hours * HOUR_MS, to } : undefined,
    };
  });
}

const LETTERS = ["a", "b", "c", "d", "e", "f", "g", "h"] as const;

/** By degrees, roughly: more than it is. */
function flightKm(from: Operator, to: Operator): number {
  const { latitude: a = 0, longitude: b = 0 } = from.place;
  const { latitude: c = 0, longitude: d = 0 } = to.place;
  return Math.hypot(a - c, b - d) * 111;
}

/** Everything that nobody should be told of. */
export function drawInnocents(dice: Dice, users: readonly User[], { days, daily = DAILY }: Size): Login[] {
  const logins: Login[] = [];
  for (const user of users) {
    const count = Math.round(daily * days * dice.between(0.3, 1.7));
    for (let index = 0; index < count; index++) logins.push(...drawVisit(dice, user, drawTime(dice, days)));
  }
  // A mail client with an old password.
  for (const user of users.slice(0, 10)) {
    const from = dice.between(0.3, 0.6) * days * 24 * HOUR_MS;
    for (let minute = 0; minute < 600; minute += 5) {
      logins.push({
        time: from + minute * 60_000,
        user: user.id,
        address: homeAddress(dice, user, from),
        success: false,
        agent: "mail/1.0",
      });
    }
  }
  return logins;
}

/** More at noon than at night. */
function drawTime(dice: Dice, days: number): number {
  const day = dice.whole(0, days - 1);
  const hour = 12 + (dice.next() + dice.next() + dice.next() - 1.5) * 8;
  return (day * 24 + hour) * HOUR_MS;
}

function drawVisit(dice: Dice, user: User, time: number): Login[] {
  const { flight } = user;
  // Nobody logs in from an aeroplane.
  if (flight !== undefined && time > flight.leaves && time < flight.lands) return [];
  const isAbroad = flight !== undefined && time >= flight.lands;
  const isPhone = dice.chance(0.35);
  const address = isAbroad
    ? v4(flight.to, (7 << 16) | user.number)
    : isPhone && dice.chance(0.7)
      ? mobileAddress(dice, user)
      : user.vpn !== undefined && dice.chance(0.4)
        ? v4(user.vpn, dice.whole(0, 40))
        : user.office !== undefined && dice.chance(0.5)
          ? officeAddress(user)
          : homeAddress(dice, user, time);
  const agent = isPhone ? user.phone : user.desktop;
  const failures = dice.chance(0.002) ? dice.whole(4, 9) : dice.chance(0.04) ? dice.whole(1, 2) : 0;
  const attempts: Login[] = [];
  for (let index = 0; index < failures; index++) {
    attempts.push({ time: time - (failures - index) * 8000, user: user.id, address, success: false, agent });
  }
  attempts.push({
    time,
    user: user.id,
    address,
    success: true,
    agent,
    ...(dice.chance(0.002) ? { isHidden: true } : {}),
  });
  return attempts;
}

/** One address for hundreds of users, all over the world: a company with one egress in each country. */
function officeAddress({ office = 0, country }: User): string {
  const [operator] = operatorsOf("home", country);
  return v4(operator as Operator, (9 << 16) | office);
}

function mobileAddress(dice: Dice, { mobile }: User): string {
  return v4(mobile, dice.whole(0, 63));
}

/** IPv6 hosts change their address every day, in one /64. */
function homeAddress(dice: Dice, user: User, time: number): string {
  const { home, number, hasIPv6, isNatted } = user;
  if (hasIPv6)
    return v6(home, 0x100 + (number >> 8), number & 255, 1 + Math.floor(time / (24 * HOUR_MS)) * 7 + dice.whole(0, 1));
  return v4(home, isNatted ? (2 << 16) | (number >> 5) : (3 << 16) | number);
}
