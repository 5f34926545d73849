dnl AT_CHECK_LIBUNWIND: the reference of the unwinder's differential test; never linked into the
dnl runtime or the tool.
AC_DEFUN([AT_CHECK_LIBUNWIND], [
  PKG_CHECK_MODULES([UNWIND], [libunwind], [have_libunwind=yes],
    [AC_MSG_ERROR([libunwind is missing: on Debian 'apt-get install libunwind-dev'])])
])
