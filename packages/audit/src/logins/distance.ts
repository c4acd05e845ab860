/** Mean radius of the earth, in kilometres (IUGG). */
const EARTH_KM = 6371.0088;

interface Point {
  readonly latitude?: number | undefined;
  readonly longitude?: number | undefined;
}

/** The great-circle distance in kilometres, on a sphere (haversine; off by half a percent at most). Undefined where one of them is nowhere. */
export function distanceKm(one: Point, other: Point): number | undefined {
  if (!isPoint(one) || !isPoint(other)) return undefined;
  const [fromLatitude, toLatitude] = [radians(one.latitude), radians(other.latitude)];
  const latitude = Math.sin((toLatitude - fromLatitude) / 2);
  const longitude = Math.sin(radians(other.longitude - one.longitude) / 2);
  const half = latitude * latitude + Math.cos(fromLatitude) * Math.cos(toLatitude) * longitude * longitude;
  return 2 * EARTH_KM * Math.asin(Math.min(1, Math.sqrt(half)));
}

function isPoint(point: Point): point is { latitude: number; longitude: number } {
  return Number.isFinite(point.latitude) && Number.isFinite(point.longitude);
}

function radians(degrees: number): number {
  return (degrees * Math.PI) / 180;
}
