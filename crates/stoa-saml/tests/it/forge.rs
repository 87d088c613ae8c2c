//! Puts signatures together wrongly: every part of one can be changed before the key signs it.
