export {
  addressBits,
  addressFromBytes,
  addressFromInteger,
  addressFromMappedBytes,
  addressToBytes,
  addressToInteger,
  addressToMappedBytes,
  familyOf,
  parseAddress,
  type IpAddress,
  type IpFamily,
} from './address.ts';
export { hash32 } from './hash32.ts';
export { macFromBytes, macToBytes, parseMac, type MacAddress } from './mac.ts';
export {
  formatPrefix,
  hasHostBits,
  networkOf,
  parsePrefix,
  prefixContains,
  type Prefix,
} from './prefix.ts';
export {
  formatRange,
  parseRange,
  prefixRange,
  rangeContains,
  rangeSize,
  rangesOverlap,
  type AddressRange,
  type RangeFault,
  type RangeResult,
} from './range.ts';
export {
  rendezvousKey,
  rendezvousScore,
  weightedRendezvousOrder,
  weightedRendezvousScore,
  type WeightedName,
} from './rendezvous.ts';
export { rememberedBytes } from './remembered.ts';
export { isLinkLocal, isMulticast, isUnspecified, solicitedNodeGroup } from './scope.ts';
