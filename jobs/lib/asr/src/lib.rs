//! Voice activity, recognition and word times through whisper.cpp.
