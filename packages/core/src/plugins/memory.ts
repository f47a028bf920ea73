import { readFileSync } from "node:fs";

const pageBytes = 4_096;

/** Resident memory of a process in bytes, where the system tells (Linux); null elsewhere and of one that is gone. */
export function residentBytes(pid: number): number | null {
  try {
    const pages = Number(readFileSync(`/proc/${pid}/statm`, "latin1").split(" ")[1]);
    return Number.isSafeInteger(pages) ? pages * pageBytes : null;
  } catch {
    return null;
  }
}
