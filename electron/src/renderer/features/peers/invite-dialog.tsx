/** An invitation, as text to pass on and as a code to scan. */
import { useQuery } from "@tanstack/react-query";
import { Copy } from "lucide-react";
import { encode } from "uqr";
import { post } from "../../shared/api/client";
import { Dialog } from "../../shared/ui/dialog";
import { Failed, Loading } from "../../shared/ui/states";
import { toastDone, toastProblem } from "../../shared/ui/toasts";
import { useWords } from "./words";

export function InviteDialog({ onClose }: { onClose: () => void }) {
  const invitation = useQuery({
    queryKey: ["invitation"],
    gcTime: 0,
    queryFn: () => post("/workspace/invite", {}).then((invited) => invited.invitation),
  });
  const words = useWords(invitation.data);
  const copy = () =>
    navigator.clipboard
      .writeText(invitation.data ?? "")
      .then(() => toastDone("Copied the invitation"))
      .catch(toastProblem);
  return (
    <Dialog
      open
      onClose={onClose}
      title="Invite"
      about="Whoever has this can read and change everything. Pass it on with care."
    >
      {invitation.isPending ? (
        <Loading what="the invitation" />
      ) : invitation.isError ? (
        <Failed error={invitation.error} retry={() => void invitation.refetch()} />
      ) : (
        <div className="invite">
          <QrCode text={invitation.data} />
          <div className="invite-side">
            <p className="quiet">They open OpenProd, choose “Join”, and scan this or paste the text:</p>
            <textarea
              className="input code"
              readOnly
              rows={6}
              aria-label="Invitation"
              value={invitation.data}
            />
            <button type="button" className="button accent" onClick={() => void copy()}>
              <Copy size={14} /> Copy
            </button>
          </div>
        </div>
      )}
      {words && (
        <div className="note invite-words">
          <span>Both of you see the same words when nothing was swapped on the way:</span>
          <Words words={words} />
        </div>
      )}
    </Dialog>
  );
}

export function Words({ words }: { words: readonly string[] }) {
  return (
    <span className="words">
      {words.map((word, index) => (
        <b key={`${index + 1} ${word}`}>{word}</b>
      ))}
    </span>
  );
}

/** Light on dark does not scan everywhere: the code is always dark on white. */
export function QrCode({ text }: { text: string }) {
  const { data, size } = encode(text, { ecc: "M", border: 2 });
  const path = data
    .flatMap((row, y) => row.flatMap((dark, x) => (dark ? [`M${x} ${y}h1v1h-1z`] : [])))
    .join("");
  return (
    <svg className="qr" viewBox={`0 0 ${size} ${size}`} role="img" aria-label="Invitation as a QR code">
      <rect width={size} height={size} fill="#fff" />
      <path d={path} fill="#000" shapeRendering="crispEdges" />
    </svg>
  );
}
