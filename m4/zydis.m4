dnl AT_CHECK_ZYDIS: Zydis decodes the first instructions of functions that get an inline hook.
AC_DEFUN([AT_CHECK_ZYDIS], [
  AC_CHECK_HEADER([Zydis/Zydis.h], [],
    [AC_MSG_ERROR([Zydis is missing: on Debian 'apt-get install libzydis-dev'])])
  AC_CHECK_LIB([Zydis], [ZydisDecoderDecodeInstruction], [ZYDIS_LIBS=-lZydis],
    [AC_MSG_ERROR([Zydis 4 is missing: on Debian 'apt-get install libzydis-dev'])])
  AC_SUBST([ZYDIS_LIBS])
])
