/** A conflict at its cell: who wrote what and when; pick one or type a third. */
import { Popover } from "@base-ui/react/popover";
import { useConflicts } from "../../shared/api/queries";
import { aboutConflict, Choices } from "./choices";

export function ConflictPopover(props: { conflict_id: string; anchor: Element; onClose: () => void }) {
  const conflicts = useConflicts();
  const conflict = conflicts.data?.conflicts.find((one) => one.conflict_id === props.conflict_id);
  const close = () => {
    props.onClose();
    document.querySelector<HTMLElement>(".grid")?.focus({ preventScroll: true });
  };
  return (
    <Popover.Root open onOpenChange={(open) => !open && close()}>
      <Popover.Portal>
        <Popover.Positioner anchor={props.anchor} sideOffset={6} align="start" className="positioner">
          <Popover.Popup className="popup conflict-popup">
            <Popover.Title className="popup-title">
              {conflict ? `${aboutConflict(conflict)}: written in two places` : "Conflict"}
            </Popover.Title>
            {conflict ? (
              <Choices conflict={conflict} onDecided={close} />
            ) : (
              <p className="quiet">{conflicts.isPending ? "Loading…" : "It is decided already."}</p>
            )}
          </Popover.Popup>
        </Popover.Positioner>
      </Popover.Portal>
    </Popover.Root>
  );
}
