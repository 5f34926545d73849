dnl AT_CHECK_ARCH: the runtime's unwinder and hooks are written per architecture; x86-64 so far.
AC_DEFUN([AT_CHECK_ARCH], [
  AS_CASE([$host],
    [x86_64-*-linux*], [],
    [AC_MSG_ERROR([alloctrace runs on x86-64 Linux so far, not on $host])])
])
