/** For 10 000 Services. The first hundred IPv4 addresses are on the segment and announced, and all of IPv6. */
export const LARGE_POOL: readonly string[] = [
  '192.0.2.100-192.0.2.199',
  '198.18.0.0/15',
  '2001:db8::1:0/112',
];
