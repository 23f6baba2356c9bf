//! DataFusion with every table registered; runs the files in sql/.
