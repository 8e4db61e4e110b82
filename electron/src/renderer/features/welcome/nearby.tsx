/** Other engines on this network, for somebody who was invited: where they answer, and nothing else is known of them. */
import { useQuery } from "@tanstack/react-query";
import { Radar } from "lucide-react";
import { get } from "../../shared/api/client";

/** How often to look who came or went. */
const LOOK_MS = 3_000;

export function Nearby({ chosen, onChoose }: { chosen: string; onChoose: (address: string) => void }) {
  const near = useQuery({
    queryKey: ["nearby"],
    queryFn: ({ signal }) => get("/peers/nearby", undefined, { signal }),
    refetchInterval: LOOK_MS,
  });
  const addresses = near.data?.addresses ?? [];
  if (!near.data?.listening) return null;
  if (addresses.length === 0)
    return (
      <p className="quiet nearby-none">
        <Radar size={13} aria-hidden="true" /> No other engine is heard on this network.
      </p>
    );
  return (
    <fieldset className="nearby">
      <legend>
        <Radar size={13} aria-hidden="true" />{" "}
        {addresses.length === 1 ? "1 other engine" : `${addresses.length} other engines`} near. Ask there for
        an invitation.
      </legend>
      {addresses.map((address) => (
        <button
          key={address}
          type="button"
          className="tag"
          aria-pressed={chosen === address}
          onClick={() => onChoose(chosen === address ? "" : address)}
        >
          {address}
        </button>
      ))}
    </fieldset>
  );
}
