-- The texts of all examples the dataset run `$id` gave to training.
SELECT example_id, reply, transcript
FROM example
WHERE run = $id AND split = 'train'
ORDER BY example_id
