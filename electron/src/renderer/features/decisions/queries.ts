/** What the page asks about decisions; an engine without them is not asked. */
import { useQuery } from "@tanstack/react-query";
import { getJson } from "../../shared/api/client";
import { useCan } from "../../shared/api/queries";
import { type Decision, readDecisions } from "./decision";

export const DECISIONS_PATH = "/decisions/conflicts";

export function useDecisions() {
  const can = useCan(DECISIONS_PATH);
  return useQuery({
    queryKey: ["decisions"],
    enabled: can,
    queryFn: async ({ signal }): Promise<Decision[]> => readDecisions(await getJson(DECISIONS_PATH, signal)),
  });
}
