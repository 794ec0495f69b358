//! Score: how well one resume meets one job, with the passages that show it.
