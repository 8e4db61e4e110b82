/** Refusals of the engine, and what a person does next about each. */
import type { ProblemDocument } from "./schema";

/** What the engine refused, or what this page says in its place when it does not answer. */
type Refusal = Omit<Partial<ProblemDocument>, "code"> & { detail: string; code: string; status: number };

export class EngineProblem extends Error {
  readonly status: number;
  readonly code: string;
  readonly document: Refusal;

  constructor(document: Refusal) {
    super(document.detail);
    this.name = "EngineProblem";
    this.status = document.status;
    this.code = document.code;
    this.document = document;
  }

  /** Reads a problem document; what is none becomes one. */
  static read(status: number, text: string): EngineProblem {
    try {
      const document = JSON.parse(text) as ProblemDocument;
      if (typeof document.detail === "string") return new EngineProblem({ ...document, status });
    } catch {
      // Not JSON: some other program answers on this port.
    }
    return new EngineProblem({
      status,
      code: "no_problem_document",
      detail: `The engine answered ${status}.`,
    });
  }
}

export function unreachable(): EngineProblem {
  return new EngineProblem({
    status: 0,
    code: "unreachable",
    detail: "The engine on this computer does not answer.",
  });
}

/** Whether the engine does not have this yet: an older one, asked by a newer page. */
export function isMissingRoute(error: unknown): boolean {
  return error instanceof EngineProblem && ["unknown_route", "method_not_allowed"].includes(error.code);
}

export type Told = { title: string; next: string };

/** A refusal in words for a person: what happened, and what to do next. */
export function tell(error: unknown): Told {
  if (!(error instanceof EngineProblem)) {
    return {
      title: "Something in this page failed",
      next: error instanceof Error ? error.message : "Reload it.",
    };
  }
  const { document } = error;
  const detail = sentence(error.message);
  switch (error.code) {
    case "unreachable":
      return { title: detail, next: "Nothing that was saved is lost. What was under way was not saved." };
    case "unauthorized":
      return { title: "This page is no longer signed in", next: "Run “openprod open” for a new link." };
    case "wrong_type":
      return {
        title: document.field ? `“${document.field}” cannot hold that` : detail,
        next: document.expected ? `Write ${document.expected}.` : detail,
      };
    case "disk_full":
      return { title: "The disk is full", next: "Free some space, then repeat the change." };
    case "too_large":
      return { title: "That is too much at once", next: detail };
    case "unknown_route":
      return { title: "This engine cannot do that yet", next: "Update OpenProd on this computer." };
    default:
      return { title: document.title ?? "Refused", next: detail };
  }
}

function sentence(text: string): string {
  const tail = text.replace(/^[a-z ]+: /, "");
  const first = tail.charAt(0).toUpperCase() + tail.slice(1);
  return /[.!?]$/.test(first) ? first : `${first}.`;
}
