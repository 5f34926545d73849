# wire/ - L1 what the traced process and the tool share.
noinst_HEADERS += wire/block_layout.h wire/claim.h wire/crashes.h wire/events.h wire/families.def wire/families.h wire/findings.def wire/finding_texts.h wire/findings.h wire/functions.def wire/plan.h wire/plan_reasons.def wire/plan_x86_64.h wire/roles.def wire/roles.h wire/scans.h wire/session.h wire/whys.def wire/whys.h
