//! Rank: many resumes ordered for one job.
