//! What apps send to `/v1`, and what they are answered.
