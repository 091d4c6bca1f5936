/** VEX-encoded instructions that we decode; the rest of VEX and all of EVEX, XOP and 3DNow! is refused. */
export const VEX_DECODED: ReadonlySet<string> = new Set(
  'andn bzhi pext pdep mulx bextr shlx sarx shrx rorx blsr blsmsk blsi'.split(' '),
);

/** Legacy-encoded instructions that iced knows and we refuse, in iced's names, by why a CPU like ours has none. */
const REFUSED_BY_REASON = {
  'undefined by design': 'ud0 ud1',
  'virtual machines and enclaves':
    'clgi encls enclu enclv getsec getsecq invept invlpga invvpid pconfig seamcall seamops seamret skinit stgi tdcall ' +
    'vmcall vmclear vmfunc vmgexit vmlaunch vmload vmmcall vmptrld vmptrst vmread vmresume vmrun vmsave vmwrite ' +
    'vmxoff vmxon psmash pvalidate rmpadjust rmpquery rmpupdate',
  'kernel extensions':
    'erets eretu hreset invlpgb lkgs mcommit pbndkb rdmsrlist rdpru tlbsync wrmsrlist wrmsrns rdpkru wrpkru clzero',
  'shadow stacks and user interrupts':
    'clrssbsy clui incsspd incsspq rstorssp saveprevssp senduipi setssbsy stui testui uiret wrssd wrssq wrussd wrussq',
  transactions: 'xabort xbegin xend xtest xresldtrk xsusldtrk',
  'waiting, tracing and posted stores':
    'monitorx mwaitx ptwrite serialize tpause umonitor umwait enqcmd enqcmds movdir64b movdiri aadd aand aor axor',
  'AMD SSE4a and 3DNow!': 'extrq insertq movntsd movntss femms',
  'Galois fields and key locker':
    'gf2p8affineinvqb gf2p8affineqb gf2p8mulb aesdec128kl aesdec256kl aesdecwide128kl aesdecwide256kl aesenc128kl ' +
    'aesenc256kl aesencwide128kl aesencwide256kl encodekey128 encodekey256 loadiwkey',
  'VIA and Zhaoxin':
    'ccs_encrypt ccs_hash montmul undoc xcryptcbc xcryptcfb xcryptctr xcryptecb xcryptofb xsha1 xsha256 xsha512 xsha512_alt ' +
    'xstore xstore_alt',
};

export const REFUSED: ReadonlySet<string> = new Set(
  Object.values(REFUSED_BY_REASON).flatMap((names) => names.split(' ')),
);
