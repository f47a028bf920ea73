/** Seals secrets for the store. The name of the record is associated data: a sealed value moved to another record does not open. */
export interface Sealer {
  /** Base64. */
  seal(name: string, text: string): string;
  /** Throws BotyardError `internal` where key or data do not fit. */
  open(name: string, sealed: string): string;
  /** For raw intakes. */
  sealBytes(name: string, bytes: Uint8Array): Uint8Array;
  openBytes(name: string, sealed: Uint8Array): Uint8Array;
}
